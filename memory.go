package assay

// Memory is what was seen and accepted before of one project. The zero value
// remembers nothing.
type Memory struct {
	// Files maps an index and a file name to the SHA-256 digest that was
	// accepted for it.
	Files map[FileKey]Digest
}

// FileKey names a file as one index knows it: two indexes may well serve
// different files under one name.
type FileKey struct {
	Index    string
	Filename string
}
