// Package tomlfile reads TOML (v1.0.0) into values that know their lines, and collects
// what is wrong with them: every rule, grant and exception that a person wrote can then
// be named by file and line, and so can every error.
//
//	root, err := tomlfile.Read("assay.toml", data) // *tomlfile.Error: not TOML
//	p := tomlfile.Problems{File: "assay.toml"}
//	for _, e := range root.Keys {
//		if e.Key != "mode" {
//			p.Add(e.Line, "there is no key %s: %s", tomlfile.Quoted(e.Key), tomlfile.Meant(e.Key, []string{"mode"}))
//		}
//	}
//	return p.Err() // assay.toml:3: there is no key "moed": did you mean mode?
//
// The library's decoder says whether a document is valid (each key once, each table
// once); the walk over its syntax tree knows the lines, which the decoder does not.
// What messages repeat of a file holds no control characters: it may be a stranger's.
package tomlfile
