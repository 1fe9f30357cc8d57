package confine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Verbs of the test's own binary, beside assay's.
const (
	callsVerb   = "__calls"   // PORT
	threadsVerb = "__threads" // confines itself
)

// upper is what a program can put into the upper half of an argument that is an
// int: the kernel does not look at it.
const upper = ^uintptr(0) ^ (1<<32 - 1)

// calls are system calls, or a few of them together, with the answer that a
// confined program gets, and the one that another gets where all kernels agree.
var calls = []struct {
	name           string
	do             func(port uint16) error
	free, confined string
}{
	{"TCP", socketOf(unix.AF_INET, unix.SOCK_STREAM, 0), "done", "done"},
	{"TCP by name", socketOf(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP), "done", "done"},
	{"TCP with flags", socketOf(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0), "done", "done"},
	{"Unix stream", socketOf(unix.AF_UNIX, unix.SOCK_STREAM, 0), "done", "done"},
	{"Unix datagram", socketOf(unix.AF_UNIX, unix.SOCK_DGRAM, 0), "done", "done"},
	{"netlink", socketOf(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE), "done", "done"},
	{"pair", func(uint16) error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }, "done", "done"},

	{"MPTCP", reach(unix.IPPROTO_MPTCP, unix.Connect), "", "protocol not supported"},
	{"MPTCP over IPv6", socketOf(unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_MPTCP), "", "protocol not supported"},
	{"MPTCP, upper half set", socketOf(unix.AF_INET|upper, unix.SOCK_STREAM|upper, unix.IPPROTO_MPTCP|upper), "", "protocol not supported"},
	{"SCTP", socketOf(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP), "", "protocol not supported"},
	{"SCTP packets", socketOf(unix.AF_INET, unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP), "", "protocol not supported"},
	{"SMC", socketOf(unix.AF_INET, unix.SOCK_STREAM, 256), "", "protocol not supported"},
	{"SMC's family", socketOf(unix.AF_SMC, unix.SOCK_STREAM, 0), "", "address family not supported by protocol"},
	{"DCCP", socketOf(unix.AF_INET, unix.SOCK_DCCP, unix.IPPROTO_DCCP), "", "protocol not supported"},
	{"raw", socketOf(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP), "", "operation not permitted"},
	{"packet", socketOf(unix.AF_PACKET, unix.SOCK_RAW, 0), "", "address family not supported by protocol"},
	{"packet, the old way", socketOf(unix.AF_INET, unix.SOCK_PACKET, 0), "", "protocol not supported"},
	{"vsock", socketOf(unix.AF_VSOCK, unix.SOCK_STREAM, 0), "", "address family not supported by protocol"},
	{"UDP", socketOf(unix.AF_INET, unix.SOCK_DGRAM, 0), "done", "permission denied"},
	{"UDP over IPv6", socketOf(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP), "", "permission denied"},
	{"UDP, upper half set", socketOf(unix.AF_INET|upper, unix.SOCK_DGRAM|upper, 0), "done", "permission denied"},
	{"ping", socketOf(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP), "", "permission denied"},

	{"connect", reach(0, unix.Connect), "reached", "permission denied"},
	{"fast open by sendto", reach(0, fastOpen(unix.SYS_SENDTO)), "", "operation not supported"},
	{"fast open by sendmsg", reach(0, fastOpen(unix.SYS_SENDMSG)), "", "operation not supported"},
	{"fast open by sendmmsg", reach(0, fastOpen(unix.SYS_SENDMMSG)), "", "operation not supported"},
	{"fast open by connect", option(unix.TCP_FASTOPEN_CONNECT), "", "protocol not available"},
	{"TCP_ULP", option(unix.TCP_ULP), "", "protocol not available"},
	{"TCP_NODELAY", option(unix.TCP_NODELAY), "done", "done"},
	{"send on a pair", sendOnPair, "done", "done"},
	{"io_uring", func(uint16) error { return call(unix.SYS_IO_URING_SETUP, 1, 0) }, "", "function not implemented"},
}

// call makes a system call and forgets its result.
func call(number uintptr, args ...uintptr) error {
	args = append(args, make([]uintptr, 6-len(args))...)
	if _, _, errno := unix.Syscall6(number, args[0], args[1], args[2], args[3], args[4], args[5]); errno != 0 {
		return errno
	}
	return nil
}

func socketOf(family, kind, protocol uintptr) func(uint16) error {
	return func(uint16) error { return call(unix.SYS_SOCKET, family, kind, protocol) }
}

func option(name int) func(uint16) error {
	return func(uint16) error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		value := int32(1)
		return call(unix.SYS_SETSOCKOPT, uintptr(fd), unix.IPPROTO_TCP|upper, uintptr(name)|upper, uintptr(unsafe.Pointer(&value)), 4)
	}
}

// errReached means that a server answered.
var errReached = errors.New("reached")

// reach goes to a web server on loopback with a socket that begin connects.
func reach(protocol int, begin func(fd int, to unix.Sockaddr) error) func(uint16) error {
	return func(port uint16) error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, protocol)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := begin(fd, &unix.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			return err
		}
		if _, err := unix.Write(fd, []byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
			return err
		}
		answer := make([]byte, 12)
		if _, err := unix.Read(fd, answer); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.")) {
			return fmt.Errorf("%q %w", answer, err)
		}
		return errReached
	}
}

// fastOpen connects by sending, with one of the calls that send.
func fastOpen(number uintptr) func(int, unix.Sockaddr) error {
	return func(fd int, to unix.Sockaddr) error {
		address := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: to.(*unix.SockaddrInet4).Addr}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&address.Port))[:], uint16(to.(*unix.SockaddrInet4).Port))
		line := []byte("\r\n") // which a web server skips
		part := unix.Iovec{Base: &line[0]}
		part.SetLen(len(line))
		message := struct {
			unix.Msghdr
			sent uint32
		}{Msghdr: unix.Msghdr{Name: (*byte)(unsafe.Pointer(&address)), Namelen: unix.SizeofSockaddrInet4, Iov: &part}}
		message.SetIovlen(1)
		defer runtime.KeepAlive(&address)
		const flags = unix.MSG_FASTOPEN | upper
		switch number {
		case unix.SYS_SENDTO:
			return call(number, uintptr(fd), uintptr(unsafe.Pointer(&line[0])), uintptr(len(line)), flags, uintptr(unsafe.Pointer(&address)), unix.SizeofSockaddrInet4)
		case unix.SYS_SENDMSG:
			return call(number, uintptr(fd), uintptr(unsafe.Pointer(&message)), flags)
		}
		return call(number, uintptr(fd), uintptr(unsafe.Pointer(&message)), 1, flags)
	}
}

// sendOnPair sends without MSG_FASTOPEN, but with other flags.
func sendOnPair(uint16) error {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return errors.Join(unix.Sendto(fds[0], []byte("x"), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, nil), unix.Sendmsg(fds[0], []byte("x"), nil, nil, unix.MSG_NOSIGNAL))
}

// makeCalls is what the binary does behind callsVerb.
func makeCalls(port string) {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		fmt.Println(err)
	}
	for _, c := range calls {
		answer := "done"
		if err := c.do(uint16(n)); err != nil {
			answer = err.Error()
		}
		fmt.Printf("%s: %s\n", c.name, answer)
	}
}

func TestCalls(t *testing.T) {
	port := strconv.Itoa(int(site(t)))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	free, err := exec.Command(self, callsVerb, port).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, free)
	}
	t.Logf("without limits:\n%s", free)
	out, err := confined(t, Limits{Connect: []uint16{1}}, self, callsVerb, port).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var wanted strings.Builder
	for _, c := range calls {
		fmt.Fprintf(&wanted, "%s: %s\n", c.name, c.confined)
		if line := c.name + ": " + c.free + "\n"; c.free != "" && !strings.Contains(string(free), line) {
			t.Errorf("without limits, want %s", line)
		}
	}
	if want := wanted.String(); string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	// A shell's child is under the same filter.
	again, err := confined(t, Limits{Connect: []uint16{1}}, "sh", "-c", `"$0" "$@" & wait $!`, self, callsVerb, port).CombinedOutput()
	if err != nil || !bytes.Equal(again, out) {
		t.Errorf("a grandchild got, %v,\n%s", err, again)
	}
}

// foreign makes a call as 32-bit programs on x86-64 do, with machine code that
// puts 20 (getpid) into eax and interrupts.
const foreign = `
import ctypes, mmap, os
m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
m.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
print(call() == os.getpid(), flush=True)
`

func TestForeignCalls(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("machine code of x86-64")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	if out, err := exec.Command(python, "-c", foreign).CombinedOutput(); err != nil || string(out) != "True\n" {
		t.Skipf("this kernel takes no calls of 32-bit programs: %v: %s", err, out)
	}
	cmd := confined(t, Limits{Write: Devices}, python, "-c", foreign)
	out, err := cmd.CombinedOutput()
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); len(out) != 0 || !ws.Signaled() || ws.Signal() != syscall.SIGSYS {
		t.Errorf("%v: %s", err, out)
	}
}

// showThreads is what the binary does behind threadsVerb: it confines itself
// while it has threads, and prints what each of them is under.
func showThreads() error {
	const threads = 4
	var ready sync.WaitGroup
	for range threads {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			select {}
		}()
	}
	ready.Wait()
	if err := Restrict(Limits{}); err != nil {
		return err
	}
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(files) < threads {
		return fmt.Errorf("%d threads, %w", len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		for _, want := range []string{"\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n"} {
			if !bytes.Contains(text, []byte(want)) {
				return fmt.Errorf("%s lacks %q:\n%s", f, want, text)
			}
		}
	}
	return nil
}

func TestAllThreads(t *testing.T) {
	if err := Check(); err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(self, threadsVerb).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// The program's answers, for each architecture, without the kernel.
func TestFilter(t *testing.T) {
	const allow, kill = unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_KILL_PROCESS
	errno := func(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }
	for _, tt := range []struct {
		filter, architecture, number uint32
		args                         [6]uint64
		want                         uint32
	}{
		{unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_X86_64, unix.SYS_GETPID, [6]uint64{}, allow},
		{unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_I386, unix.SYS_GETPID, [6]uint64{}, kill},
		{unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_X86_64, unix.SYS_GETPID | x32, [6]uint64{}, errno(unix.ENOSYS)},
		{unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_X86_64, 1<<32 - 1, [6]uint64{}, errno(unix.ENOSYS)},
		{unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_AARCH64, unix.SYS_GETPID, [6]uint64{}, allow},
		{unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_ARM, unix.SYS_GETPID, [6]uint64{}, kill},
		{unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_X86_64, unix.SYS_GETPID, [6]uint64{}, kill},
		{unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_AARCH64, unix.SYS_SOCKET, [6]uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}, errno(unix.EPROTONOSUPPORT)},
		{unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_AARCH64, unix.SYS_SOCKET, [6]uint64{unix.AF_INET6, unix.SOCK_STREAM | unix.SOCK_CLOEXEC, unix.IPPROTO_TCP}, allow},
		{unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_AARCH64, unix.SYS_SENDTO, [6]uint64{3: unix.MSG_FASTOPEN | unix.MSG_NOSIGNAL}, errno(unix.EOPNOTSUPP)},
		{unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_AARCH64, unix.SYS_SENDMSG, [6]uint64{1: unix.MSG_FASTOPEN, 3: unix.MSG_FASTOPEN}, allow},
		{unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_AARCH64, unix.SYS_SETSOCKOPT, [6]uint64{1: unix.SOL_SOCKET, 2: unix.TCP_ULP}, allow},
	} {
		machine, err := bpf.NewVM(filter(tt.filter))
		if err != nil {
			t.Fatal(err)
		}
		// struct seccomp_data, its words in the order of bytes that packets have.
		data := make([]byte, offsetArguments, offsetArguments+6*8)
		binary.BigEndian.PutUint32(data[offsetCall:], tt.number)
		binary.BigEndian.PutUint32(data[offsetArchitecture:], tt.architecture)
		for _, a := range tt.args {
			data = binary.BigEndian.AppendUint32(data, uint32(a))
			data = binary.BigEndian.AppendUint32(data, ^uint32(0))
		}
		if got, err := machine.Run(data); err != nil || uint32(got) != tt.want {
			t.Errorf("filter of %#x, call %d of %#x with %#x: got %#x, %v, want %#x", tt.filter, tt.number, tt.architecture, tt.args, uint32(got), err, tt.want)
		}
	}
}

func TestJudgeFilter(t *testing.T) {
	for _, tt := range []struct {
		architecture string
		errno        unix.Errno
		want, hint   string
	}{
		{"amd64", unix.EFAULT, "", ""},
		{"arm64", unix.EFAULT, "", ""},
		{"riscv64", unix.EFAULT, "on riscv64 assay cannot limit a command's sockets, so nothing can be confined", "run without '--confine'"},
		{"amd64", unix.ENOSYS, "this kernel has no seccomp filters, so nothing can be confined", "use a kernel with CONFIG_SECCOMP_FILTER, or run without '--confine'"},
		{"amd64", unix.EINVAL, "this kernel has no seccomp filters, so nothing can be confined", "use a kernel with CONFIG_SECCOMP_FILTER, or run without '--confine'"},
		{"amd64", unix.EPERM, "the kernel does not let assay filter system calls (operation not permitted), so nothing can be confined",
			"let the container's seccomp profile allow seccomp, or run without '--confine'"},
		{"amd64", 0, "the kernel does not let assay filter system calls (errno 0), so nothing can be confined",
			"let the container's seccomp profile allow seccomp, or run without '--confine'"},
	} {
		text, hint := "", ""
		var unsupported *UnsupportedError
		if err := judgeFilter(tt.architecture, tt.errno); errors.As(err, &unsupported) {
			text, hint = err.Error(), unsupported.Hint()
		}
		if text != tt.want || hint != tt.hint {
			t.Errorf("%s %v: got %q %q, want %q %q", tt.architecture, tt.errno, text, hint, tt.want, tt.hint)
		}
	}
}
