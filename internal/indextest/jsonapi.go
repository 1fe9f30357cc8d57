package indextest

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"

	"assay/internal/pypi"
)

// resolveJSON finds what a path below /pypi/ leads to: NAME/json, a project, or
// NAME/VERSION/json, one of its releases. Poetry asks for them.
func (ix *index) resolveJSON(path string) resource {
	parts := strings.Split(strings.TrimPrefix(path, "/pypi/"), "/")
	n := len(parts) - 1
	if n != 1 && n != 2 || parts[n] != "json" {
		return resource{}
	}
	p := ix.projects[normalise(parts[0])]
	if p == nil {
		return resource{}
	}
	r := resource{kind: document, target: path, project: p}
	if n == 2 {
		r.version = parts[1]
	}
	return r
}

// document renders a document of the JSON API: that of a release, or of a project
// with its newest one. There is none of a release without files.
func (s *Server) document(res resource, list []fault) (*answer, error) {
	p := newPage(res.project)
	for _, f := range list {
		p.alter(f)
	}
	releases := map[string][]map[string]any{}
	var newest pypi.Version
	version, w := res.version, s.pageWriter()
	for _, f := range p.files {
		releases[f.file.version] = append(releases[f.file.version], w.documentFile(f))
		v, err := pypi.ParseVersion(f.file.version)
		if res.version == "" && err == nil && (version == "" || v.Compare(newest) > 0) {
			version, newest = f.file.version, v
		}
	}
	if len(releases[version]) == 0 {
		return nil, nil
	}
	out := map[string]any{"info": documentInfo(p, version), "last_serial": serial, "urls": releases[version], "vulnerabilities": []any{}}
	if res.version == "" {
		out["releases"] = releases
	}
	raw, err := encodeJSON(out)
	if err != nil {
		return nil, err
	}
	return &answer{kind: res.kind, contentType: "application/json", content: inMemory(raw), etag: etag(raw), header: map[string]string{
		"Cache-Control": "max-age=900, public", "X-PyPI-Last-Serial": strconv.Itoa(serial),
	}}, nil
}

// documentInfo is what a document says of a release: what the first of its files
// with metadata says. A release is yanked where all of its files are.
func documentInfo(p page, version string) map[string]any {
	info := map[string]any{"name": p.name, "version": version, "summary": "", "description": "", "requires_dist": nil,
		"requires_python": nil, "yanked": true, "yanked_reason": nil}
	described := false
	for _, f := range p.files {
		if f.file.version != version {
			continue
		}
		if f.file.yanked == nil {
			info["yanked"] = false
		} else if *f.file.yanked != "" {
			info["yanked_reason"] = *f.file.yanked
		}
		if f.file.metadata == nil || described {
			continue
		}
		described = true
		var requires []string
		lines := bufio.NewScanner(bytes.NewReader(f.file.metadata))
		for lines.Scan() && lines.Text() != "" {
			switch key, value, _ := strings.Cut(lines.Text(), ": "); key {
			case "Requires-Dist":
				requires = append(requires, value)
			case "Requires-Python":
				info["requires_python"] = value
			case "Summary":
				info["summary"] = value
			}
		}
		if requires != nil {
			info["requires_dist"] = requires
		}
	}
	if info["yanked"] == false {
		info["yanked_reason"] = nil
	}
	return info
}

func (w pageWriter) documentFile(f pageFile) map[string]any {
	out := map[string]any{
		"filename": f.name, "url": w.filesBase + escaped(f.file.path), "digests": f.hashes, "size": f.file.content.Size(),
		"packagetype": "sdist", "python_version": "source", "requires_python": nil, "comment_text": nil, "has_sig": false,
		"yanked": f.file.yanked != nil, "yanked_reason": nil,
	}
	if f.file.kind == wheel {
		out["packagetype"], out["python_version"] = "bdist_wheel", strings.Split(f.file.name, "-")[2]
	}
	if f.file.requiresPython != "" {
		out["requires_python"] = f.file.requiresPython
	}
	if f.file.yanked != nil && *f.file.yanked != "" {
		out["yanked_reason"] = *f.file.yanked
	}
	if !f.file.upload.IsZero() {
		utc := f.file.upload.UTC()
		out["upload_time"], out["upload_time_iso_8601"] = utc.Format("2006-01-02T15:04:05"), utc.Format("2006-01-02T15:04:05.000000Z")
	}
	return out
}
