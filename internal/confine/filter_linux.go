package confine

import (
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Where struct seccomp_data (linux/seccomp.h) has what a filter can look at.
const (
	offsetCall         = 0
	offsetArchitecture = 4
	offsetArguments    = 16 // six of 8 bytes each
)

const (
	// kindOfSocket is the part of socket's second argument that is the type; the
	// rest are SOCK_CLOEXEC and SOCK_NONBLOCK.
	kindOfSocket = 0xf

	// x32 is set in the numbers of x86-64's calls with pointers of 32 bits.
	x32 = 0x40000000
)

// architectures are AUDIT_ARCH_* of the ones whose calls all have a number of
// their own, and arguments whose lower half comes first.
var architectures = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// filter returns a program for seccomp(2), in classic BPF, that lets every call
// pass but those with which data gets out past Landlock. The numbers of calls
// are those that this program was built for.
//
// All the arguments that it looks at are ints, of which the kernel takes the
// lower half of the register, whatever the upper one holds. So does the filter.
func filter(architecture uint32) []bpf.Instruction {
	program := slices.Concat(
		// A call of another architecture, as 32-bit programs make, has other numbers.
		load(offsetArchitecture), unless(answer(unix.SECCOMP_RET_KILL_PROCESS), architecture),
		load(offsetCall),
	)
	if architecture == unix.AUDIT_ARCH_X86_64 {
		program = slices.Concat(program, []bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: x32, SkipFalse: 1}}, fails(unix.ENOSYS))
	}
	return slices.Concat(program,
		when(socket(), unix.SYS_SOCKET),
		when(withoutFlag(3, unix.MSG_FASTOPEN), unix.SYS_SENDTO, unix.SYS_SENDMMSG),
		when(withoutFlag(2, unix.MSG_FASTOPEN), unix.SYS_SENDMSG),
		when(setsockopt(), unix.SYS_SETSOCKOPT),
		// A ring takes calls that no filter sees.
		when(fails(unix.ENOSYS), unix.SYS_IO_URING_SETUP),
		pass(),
	)
}

// socket judges socket(family, kind, protocol). It names what is let through:
// the kernel has dozens of families, and some of them carry data over TCP too.
func socket() []bpf.Instruction {
	return slices.Concat(
		argument(0),
		when(pass(), unix.AF_UNIX, unix.AF_NETLINK),
		unless(fails(unix.EAFNOSUPPORT), unix.AF_INET, unix.AF_INET6),
		argument(1), []bpf.Instruction{bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: kindOfSocket}},
		when(fails(unix.EACCES), unix.SOCK_DGRAM), // as Landlock answers
		when(fails(unix.EPERM), unix.SOCK_RAW),    // as to anyone but root
		unless(fails(unix.EPROTONOSUPPORT), unix.SOCK_STREAM),
		argument(2),
		unless(fails(unix.EPROTONOSUPPORT), unix.IPPROTO_IP, unix.IPPROTO_TCP), // as a kernel without Multipath TCP does
		pass(),
	)
}

// setsockopt judges setsockopt(socket, level, name, value, length): a socket stays
// plain TCP. Other protocols on top of it (TCP_ULP) have a connect of their own.
func setsockopt() []bpf.Instruction {
	return slices.Concat(
		argument(1),
		unless(pass(), unix.IPPROTO_TCP),
		argument(2),
		when(fails(unix.ENOPROTOOPT), unix.TCP_FASTOPEN_CONNECT, unix.TCP_ULP),
		pass(),
	)
}

// withoutFlag judges the flags of a call that sends.
func withoutFlag(n, flag uint32) []bpf.Instruction {
	return slices.Concat(
		argument(n),
		[]bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: flag, SkipFalse: 1}},
		fails(unix.EOPNOTSUPP),
		pass(),
	)
}

// when runs instructions, which have to return, if what was loaded last is one
// of the values.
func when(then []bpf.Instruction, values ...uint32) []bpf.Instruction {
	return slices.Concat(anyOf(values, 1), []bpf.Instruction{bpf.Jump{Skip: uint32(len(then))}}, then)
}

// unless runs instructions, which have to return, if what was loaded last is
// none of the values.
func unless(then []bpf.Instruction, values ...uint32) []bpf.Instruction {
	return slices.Concat(anyOf(values, len(then)), then)
}

// anyOf skips that many instructions behind it if what was loaded last is one of
// the values.
func anyOf(values []uint32, skip int) (out []bpf.Instruction) {
	for i, v := range values {
		out = append(out, bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipTrue: uint8(len(values) - 1 - i + skip)})
	}
	return out
}

func argument(n uint32) []bpf.Instruction { return load(offsetArguments + 8*n) }

func load(offset uint32) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadAbsolute{Off: offset, Size: 4}}
}

func pass() []bpf.Instruction { return answer(unix.SECCOMP_RET_ALLOW) }

func fails(errno unix.Errno) []bpf.Instruction { return answer(unix.SECCOMP_RET_ERRNO | uint32(errno)) }

func answer(action uint32) []bpf.Instruction {
	return []bpf.Instruction{bpf.RetConstant{Val: action}}
}

// checkFilter returns nil where [install] can be expected to work, else an
// [*UnsupportedError].
func checkFilter() error {
	// With no program at all, a kernel that would take one faults (seccomp(2)).
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC|unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH, 0)
	return judgeFilter(runtime.GOARCH, errno)
}

// judgeFilter says what the kernel's answer about filters means.
func judgeFilter(architecture string, errno unix.Errno) error {
	switch _, known := architectures[architecture]; {
	case !known:
		return &UnsupportedError{"on " + architecture + " assay cannot limit a command's sockets, so nothing can be confined",
			"run without '--confine'"}
	case errno == unix.EFAULT:
		return nil
	case errno == unix.ENOSYS || errno == unix.EINVAL:
		return &UnsupportedError{"this kernel has no seccomp filters, so nothing can be confined",
			"use a kernel with CONFIG_SECCOMP_FILTER, or run without '--confine'"}
	}
	return &UnsupportedError{fmt.Sprintf("the kernel does not let assay filter system calls (%v), so nothing can be confined", errno),
		"let the container's seccomp profile allow seccomp, or run without '--confine'"}
}

// install puts all threads of this process, and all that it starts, under the
// filter.
func install() error {
	raw, err := bpf.Assemble(filter(architectures[runtime.GOARCH]))
	if err != nil {
		return fmt.Errorf("confining the command: %w", err)
	}
	code := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		code[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	runtime.LockOSThread() // the kernel takes filters from a thread with no_new_privs, and gives both to the others
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("confining the command: no_new_privs: %w", err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC|unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(code)
	if errno != 0 {
		return fmt.Errorf("confining the command: seccomp: %w", errno)
	}
	return nil
}
