package main_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/internal/historytest"
)

// replayed is an archive for the test index with the wheels of a real project's
// releases: real names, versions and upload times, and provenance that a test
// authority signs for the publishers of the history. What is in them is made up.
func replayed(t *testing.T, project string, more ...string) string {
	t.Helper()
	all, err := historytest.All()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, h := range all {
		for _, r := range h.Releases {
			for _, f := range r.Files {
				if h.Project == project && strings.HasSuffix(f.Filename, "-none-any.whl") {
					out.WriteString(section(f.Filename, f.Uploaded, f.Publisher))
				}
			}
		}
	}
	if out.Len() == 0 {
		t.Fatalf("there is no history of %s", project)
	}
	return out.String() + strings.Join(more, "")
}

func section(filename string, uploaded time.Time, publisher string) string {
	out := fmt.Sprintf("-- %s --\nupload-time: %s\n", filename, uploaded.Format(time.RFC3339))
	if publisher != "" {
		out += "publisher: " + publisher + "\n"
	}
	return out
}

// step is one installation by pip.
type step struct {
	version string
	// want is what the report says of the wheel.
	want string
}

// TestHistories replays two real histories through the whole program: real pip asks
// for one release after another, and memory lives from one run to the next.
func TestHistories(t *testing.T) {
	t.Parallel()
	program(t, "pip")
	yesterday := time.Now().Add(-24 * time.Hour)
	const evil = "github:evil/project@release.yml repository-id=666"
	t.Run("moved", func(t *testing.T) {
		t.Parallel()
		const before, after = "github:trailofbits/pypi-attestations@release.yml", "github:pypi/pypi-attestations@release.yml"
		b := newBench(t, replayed(t, "pypi-attestations",
			section("pypi_attestations-9.0-py3-none-any.whl", yesterday, evil),
			section("pypi_attestations-9.1-py3-none-any.whl", yesterday, ""),
			section("pypi_attestations-9.2-py3-none-any.whl", yesterday, after+" repository-id=667")))
		b.replay(t, "pypi-attestations", "pypi_attestations", []step{
			{"0.0.12", "allow provenance.absent"},
			{"0.0.13", "allow " + before},
			{"0.0.19", "allow " + before},
			{"0.0.22", "warn publisher.renamed " + after},
			{"0.0.29", "allow " + after},
			{"0.0.16", "allow " + before}, // an older pin
			{"0.0.12", "allow provenance.absent"},
			{"9.0", "deny publisher.changed " + "github:evil/project@release.yml"},
			{"9.1", "deny provenance.lost"},
			{"9.2", "deny publisher.changed " + after},
			{"0.0.29", "allow " + after},
		})
	})
	t.Run("lost and regained", func(t *testing.T) {
		t.Parallel()
		const who = "github:deeplook/svglib@publish-to-pypi.yml"
		b := newBench(t, replayed(t, "svglib", section("svglib-9.0-py3-none-any.whl", yesterday, "")))
		b.replay(t, "svglib", "svglib", []step{
			{"1.6.0", "allow " + who},
			{"2.0.0", "deny provenance.lost"},
			{"2.0.1", "allow " + who},
		})
		assay, err := buildOnce()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(assay, "trust", "accept", "svglib==2.0.0", "--reason", "uploaded by hand, says the index", "--until", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
		cmd.Env, cmd.Dir = b.env, b.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		b.replay(t, "svglib", "svglib", []step{
			{"2.0.0", "warn provenance.lost"},
			{"2.0.2", "allow " + who},
			{"2.3.0", "allow " + who},
			{"2.0b1", "deny provenance.lost"},
			{"9.0", "deny provenance.lost"},
		})
	})
}

// replay installs one release after another, each into an empty folder.
func (b *bench) replay(t *testing.T, project, name string, steps []step) {
	t.Helper()
	for i, s := range steps {
		b.target = fmt.Sprintf("%s/target-%s-%d", b.dir, s.version, i)
		r := b.install(t, "pip", "--no-deps", "--no-cache-dir", project+"=="+s.version)
		refused := strings.HasPrefix(s.want, "deny ")
		if (r.status != 0) != refused {
			t.Errorf("%s: status %d; the output was:\n%s", s.version, r.status, r.output)
		}
		want := []string{name + "-" + s.version}
		if refused {
			want = nil
		}
		if got := b.installed(t); !slices.Equal(got, want) {
			t.Errorf("%s: installed %v", s.version, got)
		}
		r.wantReport(t, name+"-"+s.version+"-py3-none-any.whl", s.want)
	}
}
