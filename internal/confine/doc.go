// Package confine takes from this process, and so from the program that it then
// becomes, what an installer behind a proxy does not need: connections that do
// not go through the proxy, and writing outside of a few folders. What the
// program starts is confined as well, and nothing takes it off again.
//
//	assay run --confine -- pip install x
//	└─ assay __confined '{"connect":[40123],"write":["/w","/tmp","/dev/null"]}' /w/.venv/bin/pip pip install x
//	   └─ pip install x          the same process: pid, terminal, signals and exit status are its own
//
// The kernel does it, without privileges. Landlock (landlock(7),
// Documentation/userspace-api/landlock.rst) limits connections, from Linux 6.7
// on, and files. A filter of system calls (seccomp(2)) leaves the program no
// other sockets than those whose connections Landlock sees. To the program it
// looks so:
//
//	connect() to another port     EACCES, "Permission denied"
//	opening a file for writing,   EACCES outside of the folders
//	making, removing, renaming
//	UDP sockets                   EACCES, and so no name server can be asked
//	Multipath TCP, SCTP, DCCP,    EPROTONOSUPPORT, EPERM (raw) or EAFNOSUPPORT,
//	raw and packet sockets,       as where the kernel lacks them; what is left is
//	vsock and other families      TCP, Unix sockets and netlink
//	sending with MSG_FASTOPEN     EOPNOTSUPP, and ENOPROTOOPT for the options
//	                              TCP_FASTOPEN_CONNECT and TCP_ULP
//	io_uring_setup()              ENOSYS
//	sudo, and any set-uid program no more rights than before (no_new_privs)
//	32-bit programs               SIGSYS: their calls have other numbers
//
// So nothing goes out to a network but over TCP to the proxy's port; names are
// resolved by the proxy. It stays a guard against a program that does not heed
// the proxy, not a prison for one that looks for a way out. It does not limit:
//
//   - reading files, and starting programs
//   - the proxy's port on other hosts: a port is all that a rule can name
//   - connections to Unix sockets (an agent of ssh, a container engine, a service
//     of this computer that resolves names)
//   - listening on a port, and so answering who connects to it; build tools and
//     tests do it on loopback
//   - sockets that the program is started with, as its standard input for one
//   - signals, so that job control goes on working
//   - the mode, owner and times of files that exist
package confine
