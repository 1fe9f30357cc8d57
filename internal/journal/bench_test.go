//go:build unix

package journal

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"assay"
)

// million writes a journal of a million files, of 100,000 projects with 10 files
// each that lie far from each other, and its index. A question costs about 5 µs, and
// 2.5 µs more for each file of its project, more than half of that in the read itself.
func million(b *testing.B) string {
	b.Helper()
	const projects, files = 100_000, 10
	dir := b.TempDir()
	f, err := os.Create(filepath.Join(dir, journalFile))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	p := position{}
	var line []byte
	for n := range int64(projects * files) {
		project := fmt.Sprintf("project-%d", n%projects)
		version := fmt.Sprintf("1.%d", n/projects)
		e := Entry{Seq: n + 1, Time: noon, Kind: Seen, Project: project, Version: version, Filename: project + "-" + version + ".tar.gz",
			Index: "https://index.example.invalid/simple/" + project + "/", SHA256: fmt.Sprintf("%064x", n), Size: 1000 + n, Uploaded: noon,
			Publishers: []assay.Identity{{Name: "github:acme/" + project + "@release.yml", RepositoryID: fmt.Sprint(n % projects), OwnerID: "2002"}}, Route: "run", By: "assay 1.0"}
		if line, p.head, err = appendLine(line[:0], p.head, e); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(line); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	f.Close()
	j := mustOpen(b, dir)
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkMillion shows memory with a million entries beside its figures: 20 ms to
// open it, 50 µs for a project of ten files, 2 s to check it.
func BenchmarkMillion(b *testing.B) {
	dir := million(b)
	within := func(b *testing.B, limit, cpu time.Duration) {
		b.Helper()
		b.ReportMetric(float64((processorTime(b)-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
		b.ReportMetric(float64(b.Elapsed()/time.Duration(b.N))/float64(limit), "of-limit")
	}
	b.Run("open", func(b *testing.B) {
		cpu := processorTime(b)
		for b.Loop() {
			mustOpen(b, dir).closeFiles()
		}
		within(b, 20*time.Millisecond, cpu)
	})
	b.Run("lookup", func(b *testing.B) {
		j := mustOpen(b, dir)
		n, cpu := 0, processorTime(b)
		for b.Loop() {
			n += 7919
			m, err := j.Memory(b.Context(), assay.Artifact{Project: fmt.Sprintf("project-%d", n%100_000), Version: "1.9"})
			if err != nil || len(m.Sightings) != 10 {
				b.Fatalf("%d sightings, %v", len(m.Sightings), err)
			}
		}
		within(b, 50*time.Microsecond, cpu)
	})
	b.Run("check", func(b *testing.B) {
		j := mustOpen(b, dir)
		cpu := processorTime(b)
		for b.Loop() {
			c, err := j.Check(b.Context())
			if err != nil || c.Entries != 1_000_000 || c.IndexWrong {
				b.Fatalf("%+v, %v", c, err)
			}
		}
		within(b, 2*time.Second, cpu)
	})
	b.Run("record", func(b *testing.B) {
		j := mustOpen(b, dir)
		n := 0
		for b.Loop() {
			n++
			if err := j.Record(b.Context(), judged(seen(fmt.Sprintf("1.%d", n%1000), fmt.Sprint(n%10)))); err != nil && n < 1000 {
				b.Fatal(err)
			}
		}
	})
}

// processorTime is what this process has used so far, on a computer that others use
// as well the steadier figure.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
