package archive

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay"
)

var update = flag.Bool("update", false, "write vectors/archives anew")

const corpusDir = "../../vectors/archives"

func vectors() []vector {
	return append(append(zipVectors(), wheelVectors()...), tarVectors()...)
}

// decisive is the finding that makes an archive's class: the first of the worst
// severity, as "code: detail".
func decisive(findings []assay.Finding) (assay.Code, string) {
	class := classOf(findings)
	for _, f := range findings {
		if classOf([]assay.Finding{f}) == class {
			return f.Code, f.Detail
		}
	}
	return "", ""
}

// TestCorpus builds every archive of the corpus and holds what the reader says of
// it, and what lies in vectors/archives, to the index there.
func TestCorpus(t *testing.T) {
	var index strings.Builder
	index.WriteString("file\tread as\tclass\tcode\trule or habit\twhat Assay says\n")
	seen := map[string]bool{"index.tsv": true, "README.md": true}
	classes := map[string]int{}
	for _, v := range vectors() {
		if seen[v.file] {
			t.Fatalf("two vectors %s", v.file)
		}
		seen[v.file] = true
		body := v.build()
		rest := bytes.NewReader(body)
		inside, err := Read(v.as, rest, Limits{})
		if rest.Len() > 0 {
			t.Errorf("%s: %d bytes were not read", v.file, rest.Len())
		}
		if err != nil {
			t.Fatalf("%s: %v", v.file, err)
		}
		code, detail := decisive(inside.Findings)
		wantCode := v.code
		if v.class == ok && wantCode == "" && code == assay.ArchiveSurprising {
			wantCode = code
		}
		if class := classOf(inside.Findings); class != v.class || code != wantCode {
			t.Errorf("%s (%s): %s %s, want %s %s: %q", v.file, v.rule, class, code, v.class, v.code, inside.Findings)
		}
		classes[v.class]++
		fmt.Fprintf(&index, "%s\t%s\t%s\t%s\t%s\t%s\n", v.file, v.as, v.class, code, v.rule, detail)
		path := filepath.Join(corpusDir, v.file)
		if *update {
			if err := os.WriteFile(path, body, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		// Another release of the compressor may pack otherwise: what counts is what
		// the file that lies there is.
		lying, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		again, err := Read(v.as, bytes.NewReader(lying), Limits{})
		if err != nil || fmt.Sprint(again.Findings) != fmt.Sprint(inside.Findings) {
			t.Errorf("%s: what lies there is %q, %v; what is built is %q", path, again.Findings, err, inside.Findings)
		}
	}
	t.Logf("%v", classes)
	if *update {
		if err := os.WriteFile(filepath.Join(corpusDir, "index.tsv"), []byte(index.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lying, err := os.ReadFile(filepath.Join(corpusDir, "index.tsv"))
	if err != nil || string(lying) != index.String() {
		t.Errorf("index.tsv is not what the reader says (%v): run go test ./internal/archive -run Corpus -update, and read the difference", err)
	}
	files, _ := os.ReadDir(corpusDir)
	for _, f := range files {
		if !seen[f.Name()] {
			t.Errorf("%s is in no index", f.Name())
		}
	}
}
