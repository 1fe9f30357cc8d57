package confine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The test's own binary stands in for assay: behind the verb it confines itself
// and becomes the program.
func TestMain(m *testing.M) {
	if len(os.Args) > 4 && os.Args[1] == Verb {
		limits, err := ParseLimits(os.Args[2])
		if err == nil {
			err = Restrict(limits)
		}
		if err == nil {
			err = syscall.Exec(os.Args[3], os.Args[4:], os.Environ())
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
	if len(os.Args) == 3 && os.Args[1] == callsVerb {
		makeCalls(os.Args[2])
		return
	}
	if len(os.Args) == 2 && os.Args[1] == threadsVerb {
		if err := showThreads(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// confined is a program under limits, ready to be started.
func confined(t *testing.T, l Limits, args ...string) *exec.Cmd {
	t.Helper()
	var unsupported *UnsupportedError
	if err := Check(); errors.As(err, &unsupported) {
		t.Skip(err)
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		t.Skip(err)
	}
	limits, err := l.Argument()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{Verb, limits, path}, args...)...)
	cmd.Dir = t.TempDir()
	return cmd
}

// site is a web server on loopback.
func site(t *testing.T) (port uint16) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "reached") })}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

const attempts = `
import os, socket, subprocess, sys
def attempt(name, what):
    try:
        print(name, what() or "done")
    except OSError as e:
        print(name, type(e).__name__)
def connect(port, host="127.0.0.1"):
    with socket.create_connection((host, port), 5) as s:
        s.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return s.makefile("rb").read().rsplit(b"\n", 1)[1].decode()
def put(path):
    with open(path, "w") as f: f.write("x")
def listen():
    with socket.create_server(("127.0.0.1", 0)): pass
def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s: s.sendto(b"x", ("127.0.0.1", 9))
proxy, other, inside, outside = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
attempt("proxy", lambda: connect(proxy))
attempt("other", lambda: connect(other))
attempt("listen", listen)
attempt("udp", udp)
attempt("read", lambda: open(outside + "/file").read())
attempt("inside", lambda: put(inside + "/file"))
attempt("folder", lambda: os.mkdir(inside + "/folder"))
attempt("move", lambda: os.rename(inside + "/file", inside + "/folder/file"))
attempt("link", lambda: os.link(inside + "/folder/file", inside + "/linked"))
attempt("outside", lambda: put(outside + "/new"))
attempt("overwrite", lambda: put(outside + "/file"))
attempt("truncate", lambda: os.truncate(outside + "/file", 0))
attempt("remove", lambda: os.remove(outside + "/file"))
attempt("rename", lambda: os.rename(outside + "/file", outside + "/moved"))
attempt("take", lambda: os.rename(outside + "/file", inside + "/taken"))
attempt("symlink", lambda: os.symlink("x", outside + "/link"))
attempt("null", lambda: put("/dev/null"))
if len(sys.argv) == 5:
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", open(inside + "/script").read()] + sys.argv[1:] + ["grandchild"])
`

func TestRestrict(t *testing.T) {
	proxy, other := site(t), site(t)
	inside, outside := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{outside + "/file": "text", inside + "/script": "import os, sys; os.makedirs(sys.argv[3] + '/g'); sys.argv[3] += '/g'\n" + attempts} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	limits := Limits{Connect: []uint16{proxy}, Write: append([]string{inside, "/no/such/folder"}, Devices...)}
	cmd := confined(t, limits, "python3", "-c", attempts, strconv.Itoa(int(proxy)), strconv.Itoa(int(other)), inside, outside)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	once := `proxy reached
other PermissionError
listen done
udp PermissionError
read text
inside done
folder done
move done
link done
outside PermissionError
overwrite PermissionError
truncate PermissionError
remove PermissionError
rename PermissionError
take PermissionError
symlink PermissionError
null done
`
	if got := string(out); got != once+once {
		t.Errorf("got, from the command and what it started,\n%s\nwant twice\n%s", got, once)
	}
	if text, err := os.ReadFile(outside + "/file"); string(text) != "text" {
		t.Errorf("the file outside is %q, %v", text, err)
	}
}

// The command's process is the one that was started: pid, exit status and
// signals are its own, and so is its environment.
func TestOneProcess(t *testing.T) {
	cmd := confined(t, Limits{}, "sh", "-c", `echo $$ $0 "$@"; exit 7`, "a b", "")
	out, _ := cmd.CombinedOutput()
	if want := fmt.Sprintf("%d a b \n", cmd.Process.Pid); string(out) != want || cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("got %q and status %d, want %q and 7", out, cmd.ProcessState.ExitCode(), want)
	}
	cmd = confined(t, Limits{}, "env")
	cmd.Env = []string{"ONLY=this"}
	if out, _ := cmd.CombinedOutput(); string(out) != "ONLY=this\n" {
		t.Errorf("the environment is %q", out)
	}
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		cmd := confined(t, Limits{}, "sh", "-c", "echo ready; exec sleep 60")
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(stdout, make([]byte, 6)); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Signal(syscall.SIGSTOP)
		var ws unix.WaitStatus
		if _, err := unix.Wait4(cmd.Process.Pid, &ws, unix.WUNTRACED, nil); err != nil || !ws.Stopped() {
			t.Errorf("%v: not stopped: %v %v", s, ws, err)
		}
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Signal(s)
		if err := cmd.Wait(); cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != s {
			t.Errorf("%v: ended with %v", s, err)
		}
	}
	// Signals to processes outside are not limited: a shell's job control is them.
	outsider := exec.Command("sleep", "60")
	if err := outsider.Start(); err != nil {
		t.Fatal(err)
	}
	if out, err := confined(t, Limits{}, "sh", "-c", "kill -TERM "+strconv.Itoa(outsider.Process.Pid)).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	outsider.Wait()
}

// What goes around with ssh meets the same wall.
func TestGitOverSSH(t *testing.T) {
	for _, name := range []string{"git", "ssh"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	cmd := confined(t, Limits{Connect: []uint16{1}, Write: append([]string{dir}, Devices...)}, "git", "clone", fmt.Sprintf("ssh://git@127.0.0.1:%d/x", site(t)), "x")
	cmd.Env = append(os.Environ(), "GIT_SSH_COMMAND=ssh -F none -o BatchMode=yes")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("connect to host 127.0.0.1")) || !bytes.Contains(out, []byte("Permission denied")) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestRestrictErrors(t *testing.T) {
	if err := Check(); err != nil {
		t.Skip(err)
	}
	if err := Restrict(Limits{Write: []string{"relative"}}); err == nil || err.Error() != `not limits that a program can be confined to: the path "relative" is not absolute` {
		t.Errorf("got %v", err)
	}
	out, err := confined(t, Limits{}, "/no/such/program", "x").CombinedOutput()
	if err == nil {
		t.Errorf("a program that is not there was run: %s", out)
	}
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		version    int
		err        error
		want, hint string
	}{
		{4, nil, "", ""},
		{7, nil, "", ""},
		{3, nil, "this kernel's Landlock (version 3) cannot limit connections", "use Linux 6.7 or later, or run without '--confine'"},
		{-1, unix.ENOSYS, "this kernel has no Landlock, so nothing can be confined", "use Linux 6.7 or later, or run without '--confine'"},
		{-1, unix.EOPNOTSUPP, "this kernel's Landlock is switched off, so nothing can be confined", "add landlock to the kernel's lsm= parameter, or run without '--confine'"},
		{-1, unix.EPERM, "the kernel does not let assay ask for Landlock (operation not permitted), so nothing can be confined",
			"let the container's seccomp profile allow Landlock's system calls, or run without '--confine'"},
	} {
		text, hint := "", ""
		var unsupported *UnsupportedError
		if err := judge(tt.version, tt.err); errors.As(err, &unsupported) {
			text, hint = err.Error(), unsupported.Hint()
		}
		if text != tt.want || hint != tt.hint {
			t.Errorf("%d %v: got %q %q, want %q %q", tt.version, tt.err, text, hint, tt.want, tt.hint)
		}
	}
}

func TestNarrow(t *testing.T) {
	if narrow, wide := Narrow([]string{"/tmp"}, []string{"/tmp/me", "/tmp/me/p", "/"}, "/tmp/me"); !slices.Equal(narrow, []string{"/tmp"}) || !slices.Equal(wide, []string{"/"}) {
		t.Errorf("got %q and %q", narrow, wide)
	}
	narrow, wide := Narrow([]string{"/tmp"}, []string{"/w", "/w/.venv", "/home/me", "/home", "/", "/wx", "/home/me/p", "/tmp"}, "/home/me")
	if want := []string{"/home/me/p", "/tmp", "/w", "/wx"}; !slices.Equal(narrow, want) {
		t.Errorf("got %q, want %q", narrow, want)
	}
	if want := []string{"/", "/home", "/home/me"}; !slices.Equal(wide, want) {
		t.Errorf("got %q, want %q", wide, want)
	}
	if got := strings.Join(Temporary([]string{"TMP=/c", "TEMP=relative", "TMPDIR=/a/b/", "HOME=/x"}), " "); got != "/tmp /var/tmp /a/b" {
		t.Errorf("got %q", got)
	}
}

func TestNoNewPrivileges(t *testing.T) {
	out, err := confined(t, Limits{}, "grep", "NoNewPrivs", "/proc/self/status").CombinedOutput()
	if err != nil || strings.Join(strings.Fields(string(out)), " ") != "NoNewPrivs: 1" {
		t.Errorf("got %q, %v", out, err)
	}
}
