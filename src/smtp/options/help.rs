//! What `smtp-check --help` says below the options, and the manual page too.

/// Examples, what needs more words than an option has, and the exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  Is the server up?
      smtp-check 192.168.3.101
  Show the dialogue, every read and every command with its time:
      smtp-check -v 2001:db8::25 -p 587 --helo-name probe.example.org
  Decide at once and within three seconds:
      smtp-check 192.168.3.101 --retry 0 --deadline 3
  The verdict of SMTP_CHECK, from an address and with a firewall mark:
      smtp-check --compat 192.168.3.101 --bindto 192.168.3.1 --fwmark 7
  Does STARTTLS work, with a good certificate for 14 more days?
      smtp-check 192.168.3.101 --starttls --verify --verify-name mx.example.org --cert-days 14
  TLS from the first byte, on port 465, any certificate:
      smtp-check 192.168.3.101 --tls
  With the certificate of a TLSA record, on a roll-over of one of two (\"3 1 1 ...\" in quotes does too):
      smtp-check 192.168.3.101 --starttls --tlsa 3,1,1,HEX --tlsa 3,1,1,HEX
  For Nagios: a warning 14 days before the certificate ends, critical 7 days before:
      smtp-check 192.168.3.101 --starttls --nagios --cert-days 14,7
  A server that asks its clients for a certificate; one that speaks no newer TLS than 1.0:
      smtp-check 192.168.3.101 --tls --cert /etc/keepalived/probe.pem --key /etc/keepalived/probe.key
      smtp-check 192.168.3.101 --starttls --tls-min 1.0
  Would it take mail for this address? Nothing is sent:
      smtp-check 192.168.3.101 --mail-from '<>' --rcpt-to postmaster@example.org
  With a recipient that greylisting defers, which is up too:
      smtp-check 192.168.3.101 --mail-from a@example.org --rcpt-to b@example.org --accept 450,451
  Does a login work? The file has the user in its first line and the password in its second:
      smtp-check 192.168.3.101 -p 587 --starttls --auth-file /etc/keepalived/smtp-auth
  A Postfix that waits for a PROXY header; 3.7 does not know version 1's UNKNOWN:
      smtp-check 192.168.3.101 --proxy v2
      smtp-check 192.168.3.101 --proxy v1 --proxy-source 203.0.113.9:1234
  What a client of that address would meet, where the server trusts us with XCLIENT:
      smtp-check 192.168.3.101 --xclient ADDR=203.0.113.9 --xclient NAME=mail.example.net
  postscreen, whose greeting may take 6 seconds (postscreen_greet_wait):
      smtp-check 192.168.3.101 --connect-timeout 8
  Dovecot's LMTP:
      smtp-check 192.168.3.101 -p 24 --lmtp --starttls
  For Nagios, and for programs:
      smtp-check 192.168.3.101 --nagios --warn-latency 0.5 --crit-latency 2
      smtp-check 192.168.3.101 --starttls --json
  Wait until a server answers, two minutes at most; with Ansible's `until: answer.rc == 0`:
      smtp-check 192.168.3.101 --retry 1000 --deadline 120
      smtp-check 192.168.3.101 --retry 0 --json
  In keepalived.conf, with a misc_timeout above the deadline (here 41 seconds, -v shows it):
      MISC_CHECK {
          misc_path \"/usr/libexec/keepalived/smtp-check --compat 192.168.3.101\"
          misc_timeout 45
      }
  There too, with less weight for slow answers, and none while a file says so, one for each server
  (deadline 51 seconds, as HELO may follow EHLO):
      MISC_CHECK {
          misc_path \"/usr/libexec/keepalived/smtp-check 192.168.3.101 --dynamic --latency-weight 100:0.1:2 --drain-file /run/keepalived-lvskit/drain-192.168.3.101\"
          misc_timeout 55
          misc_dynamic
      }

With and without --compat:
  --compat is keepalived's SMTP_CHECK to the byte: HELO, one line per reply, exactly 220 and 250,
  511 bytes at most, any line after QUIT, and the connect timeout anew for every single read.
  Without it the replies are those of RFC 5321: of any number of lines, 512 bytes a line and 128
  lines at most; EHLO, or HELO where that is refused; the connect timeout is for each whole reply.
  Codes: 220 for the greeting and STARTTLS, 250 for EHLO, LHLO, HELO and MAIL, 250 or 251 for RCPT,
  334 and 235 for AUTH, 220 for XCLIENT, 221 for QUIT; RSET may be refused. --accept adds to those for
  RCPT alone: who is deferred there is known by then to speak well. It never says a second thing before the first is answered, and
  a reply that is there before its command is said makes the server down. It takes leave with QUIT
  also where the server is down, so that no server logs a lost connection. It just goes only where
  nothing comes in time, after 421, and where replies are early, or replies or TLS broken; a
  certificate that --verify refuses breaks the handshake.

The default deadline:
  Each wait may take the connect timeout, and each attempt has the waits of its longest dialogue:
  connection, greeting, EHLO, QUIT; HELO but with --compat, --lmtp, --proxy or --starttls; for
  --starttls STARTTLS, the handshake and the second EHLO, for --tls the handshake; MAIL and RSET for
  --mail-from, RCPT for --rcpt-to; two for --xclient, three for --auth-file. --compat has 4, --starttls 7, with a recipient 10. One attempt
  more for each --retry, and --delay-before-retry between attempts. -v shows the sum.

Logging in:
  --auth-file names a file with two lines, the user and the password; PLAIN is used, else LOGIN. Its
  mode may be 640 or less: for keepalived chown root:lvskit, as the probe runs as user lvskit. Take
  an account that can do nothing else. The password is in no command line, output or log, and leaves
  this machine in TLS only, but with --auth-plaintext; add --verify where somebody else might answer.

Certificates:
  Without --verify any certificate will do. With it, it must be trusted and made for --verify-name,
  or for HOST itself where no name is given: in its subjectAltName, as its common name does not count
  (RFC 9525). The system's store is its directory of hashed names, then its bundle. --ca-file means --verify, with that file instead of
  the system's store. --sni is --verify-name where that is a name. --cert-days looks at the end of
  the server's own certificate, also without --verify. --json has the end of one that --verify
  refused, too, but not with OpenSSL 1.1.1, which forgets it.
  --tlsa takes what RFC 7672 has for SMTP: usage 3, the server's own certificate, whatever its names
  and its end are; or usage 2, an authority's that the server must send along, and then signatures,
  times and --verify-name count. Usages 0 and 1 are refused. Of several records one is enough. With
  --verify too, both must be right. A mismatch shows the server's own \"3 1 1\" record.
  --tls-min 1.0 or 1.1 also means security level 0 and OpenSSL's own list of ciphers, without which
  a system's policy still forbids them; --tls-level says another, for small keys or SHA-1 for instance.

Weights:
  With --dynamic, exit code 2 + W makes keepalived's misc_dynamic give the server weight W.
  --latency-weight MAX:FAST:SLOW is MAX for a check of up to FAST seconds, 1 from SLOW on, and
  1 + (MAX - 1) * (SLOW - time) / (SLOW - FAST) between, rounded down. With 100:0.1:2, 0.05 s is
  weight 100 (exit code 102), 0.5 s is 79 (81), 1 s is 53 (55), 3 s is 1 (3).
  A drain file gives weight 0, exit code 2: no new connections, and those that are there stay. It
  is read on the node that checks, not on the server: each server has a file of its own, written on
  every node that balances. Not /run/keepalived-lvskit/drain, which takes the checking node
  itself out. It drains while it has content other than 0 (echo 1 > FILE), or can't be read; remove it, or
  write 0, to end that. Only a regular file can be read, in a directory that is open to lvskit, the
  user that keepalived runs the probe as; the verdict says so. A server
  that is down is exit code 1 all the same.

Two programs:
  smtp-check is without OpenSSL, which takes the loader as long as all the rest of a check. With
  --starttls or --tls it starts smtp-check-tls, in the same directory, and takes nothing from it but a
  verdict that is signed by the same version. Whatever else is there, or if its OpenSSL is missing,
  the server is down (exit code 1, or 3 with --nagios), and the message says what to do.
  A check with TLS may name smtp-check-tls itself, and saves about a millisecond. Then nobody
  judges how it ends: without its OpenSSL with 127, which misc_dynamic takes for weight 125.

An exit code that is confirmed:
  keepalived takes a program that it can't execute for a success, and env and a shell take an empty
  file for one. So lvskit gen-conf renders this, which is down (exit code 1) whatever is at the path:
      misc_path \"/bin/sh -fc 'set -- $($0 $@) 1 1; exit $2' /usr/libexec/keepalived/smtp-check --compat 192.168.3.101 --confirm\"
  With --confirm the check prints \"smtp-check\" and its exit code, and the shell exits with that.

Syslog:
  keepalived throws away what a check prints. With --syslog, a line of facility daemon says why the
  server is down, when that changes, and that it is up again: journalctl -t smtp-check. After five
  lines at once there is one a minute for each check; what was left out then is logged later, if it
  still holds. What was logged is kept in /run/keepalived-lvskit/smtp-check, a directory of the user
  that runs the check (the package makes it for lvskit); without it each failure is logged, and
  nothing else.

Where the connection can't be made as asked:
  An address that this machine does not have, a missing interface, a firewall mark without CAP_NET_ADMIN,
  a CA file that can't be read: SMTP_CHECK then keeps its last verdict. No exit code says that, so
  here it is \"down\", exit code 1, and the reason is in the verdict. SMTP_CHECK's bind_port counts
  only with bindto; --bind-port always counts. Whichever end closes first keeps its port for a
  minute: so with --bind-port the check waits for the server to close, as long as for a reply.
  One that does not leaves the port taken, and the next check from it is \"down\".

Exit codes:
  0  the server is up
  1  everything else: the server is down, or the command line is wrong
  There are no others, because misc_dynamic takes 2 to 255 for a weight, but on request:
  --dynamic  0 up, with the configured weight; 1 down or wrong command line; 2 to 255 up, with this
             weight plus 2
  --nagios   0 up; 1 up, but not below --warn-latency; 2 down, or not below --crit-latency; 3 wrong
             command line
  SIGTERM, which keepalived sends at misc_timeout, ends it with 1, or with 3 where --nagios is. So
  does an alarm one to two seconds after the deadline, should it still wait then, for something else
  than the server: for the reader of a full pipe, -v's or the verdict's, or for a disk.";
