// Package confine takes from this process, and so from the program that it then
// becomes, what an installer behind a proxy does not need: connections that do
// not go through the proxy, and writing outside of a few folders. What the
// program starts is confined as well, and nothing takes it off again.
//
//	assay run --confine -- pip install x
//	└─ assay __confined '{"connect":[40123],"write":["/w","/tmp","/dev/null"]}' /w/.venv/bin/pip pip install x
//	   └─ pip install x          the same process: pid, terminal, signals and exit status are its own
//
// The kernel's Landlock does it (landlock(7), Documentation/userspace-api/landlock.rst),
// without privileges; Linux 6.7 is the first that limits connections. To the
// program it looks so:
//
//	connect() to another port     EACCES, "Permission denied"
//	opening a file for writing,   EACCES outside of the folders
//	making, removing, renaming
//	sudo, and any set-uid program no more rights than before (no_new_privs)
//
// It is a guard against a program that does not heed the proxy, not a prison for
// one that looks for a way out. It does not limit:
//
//   - reading files, and starting programs
//   - UDP, and so DNS and QUIC
//   - TCP that does not begin with connect() on a plain socket: Multipath TCP, and
//     data sent with MSG_FASTOPEN; a program has to ask for these by name
//   - the proxy's port on other hosts: a port is all that a rule can name
//   - connections to Unix sockets (an agent of ssh, a container engine)
//   - listening on a port, which build tools and tests do on loopback
//   - signals, so that job control goes on working
//   - the mode, owner and times of files that exist
package confine
