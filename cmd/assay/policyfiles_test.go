package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestPolicyFiles finds the policies that hold in a folder.
func TestPolicyFiles(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const table = "[tool.assay]\nmode = \"audit\"\n"
	write("repo/assay.toml", "mode = \"audit\"\n")
	write("repo/a/b/pyproject.toml", "[project]\nname = \"b\"\n")
	write("repo/c/pyproject.toml", table)
	write("repo/c/d/file", "")
	write("repo/e/assay.toml", "mode = \"audit\"\n")
	write("repo/e/pyproject.toml", "# assay\n[")
	write("shared/assay.toml", "mode = \"audit\"\n")
	write("shared/mine/file", "")
	write("home/assay.toml", "mode = \"audit\"\n")
	write("home/below/file", "")
	write("config/assay/assay.toml", "mode = \"audit\"\n")
	write("me/.config/assay/assay.toml", "mode = \"audit\"\n")
	if err := os.Chmod(filepath.Join(root, "shared"), 0o777); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(root, name) }
	for _, tc := range []struct {
		name, cwd    string
		env          []string
		own, project string
	}{
		{"here", "repo", nil, "", "assay.toml"},
		{"upward, past a pyproject.toml without", "repo/a/b", nil, "", "../../assay.toml"},
		{"the nearest", "repo/c/d", nil, "", "../pyproject.toml"},
		{"beside a pyproject.toml that is broken", "repo/e", nil, "", "assay.toml"},
		{"not in a folder that anybody may write to", "shared/mine", nil, "", ""},
		{"but in one where somebody works", "shared", nil, "", "assay.toml"},
		{"one's own in ASSAY_HOME", "repo", []string{"ASSAY_HOME=" + in("home")}, filepath.ToSlash(in("home/assay.toml")), "assay.toml"},
		{"one's own is not the project's too", "home/below", []string{"ASSAY_HOME=" + in("home")}, filepath.ToSlash(in("home/assay.toml")), ""},
		{"one's own in XDG_CONFIG_HOME", "repo", []string{"XDG_CONFIG_HOME=" + in("config")}, filepath.ToSlash(in("config/assay/assay.toml")), "assay.toml"},
		{"one's own at home", "repo", []string{"HOME=" + in("me")}, "~/.config/assay/assay.toml", "assay.toml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if runtime.GOOS != "linux" {
				t.Skip("the folders are those of XDG, the permissions those of unix")
			}
			a := &app{env: append([]string{"HOME=/nonexistent"}, tc.env...), cwd: in(tc.cwd)}
			own, project, err := a.policyFiles("")
			if err != nil {
				t.Fatal(err)
			}
			if name(own) != tc.own || name(project) != tc.project {
				t.Errorf("got %q and %q, want %q and %q", name(own), name(project), tc.own, tc.project)
			}
		})
	}
}

func name(f *policyFile) string {
	if f == nil {
		return ""
	}
	return f.name
}
