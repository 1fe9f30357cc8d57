package journal

import (
	"errors"
	"slices"
	"strings"

	"assay"
)

// workspace is what the questions work in, one after the other: memory for what is
// read and compared and then no longer needed. What a question returns is never part
// of it.
type workspace struct {
	block   block
	records []record
	lines   []byte
	entries []Entry
}

const (
	// keptEntries is for how many entries room is kept for the next question.
	keptEntries = 1024
	// nearBy is how far from each other two lines may lie and still be read at once,
	// in bytes: to read over so many costs less than to ask again.
	nearBy = 4096
)

// sureEntries appends the entries about a project to out, oldest first. The index is
// a cache: what it says of the journal is never believed over it.
func (j *Journal) sureEntries(out []Entry, project string) ([]Entry, error) {
	entries, err := j.entries(out, project)
	if errors.Is(err, errIndex) {
		if err = j.reread(); err == nil {
			entries, err = j.entries(out, project)
		}
	}
	return entries, err
}

// entries is sureEntries, and errIndex where index and journal disagree.
func (j *Journal) entries(out []Entry, project string) ([]Entry, error) {
	if j.index != nil {
		var err error
		if out, err = j.indexed(out, project); err != nil {
			return nil, err
		}
	}
	for _, i := range j.about[project] {
		out = append(out, j.tail[i].entry)
	}
	return out, nil
}

// indexed is entries, of those that the index knows.
func (j *Journal) indexed(out []Entry, project string) ([]Entry, error) {
	records, err := j.index.find(keyOf(project), &j.work.block, j.work.records[:0])
	if err != nil {
		return nil, err
	}
	if cap(records) <= keptEntries {
		j.work.records = records
	}
	out = slices.Grow(out, len(records)+len(j.about[project]))
	r := reader{identities: make([]assay.Identity, 0, min(len(records), keptEntries))}
	for len(records) > 0 {
		batch := records[:together(records)]
		records = records[len(batch):]
		text, err := j.bodies(batch)
		if err != nil {
			return nil, err
		}
		for _, rec := range batch {
			body := text[:rec.bodySize()]
			text = text[len(body):]
			// What it says was held to the rules when the index was made of it.
			out = append(out, Entry{})
			if e := &out[len(out)-1]; r.entry(body, e) != nil {
				return nil, errIndex
			} else if e.Project != project {
				out = out[:len(out)-1]
			}
		}
	}
	return out, nil
}

// bodySize is how long the body of the line is: what is left of it without its chain
// hash and its line break.
func (r record) bodySize() int { return r.size() - bodyAt - 1 }

// together returns how many of the records, from the first on, are read before what
// they are about is looked at: what an index says of sizes is not believed for more
// than a bounded amount of memory.
func together(records []record) int {
	size := 0
	for i, r := range records {
		if size += r.size(); size > chunk && i > 0 {
			return i
		}
	}
	return len(records)
}

// bodies reads the lines that the records are about, compares each with its record,
// and returns their bodies one behind the other. It is errIndex where one of them is
// another than the record says: index or journal is wrong, and reading it all will
// tell which.
func (j *Journal) bodies(records []record) (string, error) {
	size := 0
	for _, r := range records {
		if r.bodySize() <= 0 || r.size() > maxLine {
			return "", errIndex
		}
		size += r.bodySize()
	}
	var text strings.Builder
	text.Grow(size)
	for len(records) > 0 {
		run, span := neighbours(records)
		start := records[0].at()
		records = records[len(run):]
		lines := slices.Grow(j.work.lines[:0], span)[:span]
		j.work.lines = lines
		if _, err := j.file.ReadAt(lines, start); err != nil {
			return "", errIndex
		}
		for _, r := range run {
			line := lines[r.at()-start:][:r.size()]
			if sumOf(line) != r.sum {
				return "", errIndex
			}
			_, body, err := chainOf(line[:len(line)-1])
			if err != nil {
				return "", errIndex
			}
			text.Write(body)
		}
	}
	return text.String(), nil
}

// neighbours returns those of the records, from the first on, whose lines lie so near
// to each other that one read brings them all, and how many bytes that is: no more
// than the longest line has.
func neighbours(records []record) ([]record, int) {
	start := records[0].at()
	end := start + int64(records[0].size())
	for i, r := range records[1:] {
		next := r.at() + int64(r.size())
		if r.at() < end || r.at()-end > nearBy || next-start > maxLine {
			return records[:i+1], int(end - start)
		}
		end = next
	}
	return records, int(end - start)
}
