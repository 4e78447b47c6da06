# What a shell script does, for comparison: bash and its /dev/tcp, one line per reply.
set -e
exec 3<>/dev/tcp/127.0.0.1/25
read -r -t 10 code _ <&3
[ "$code" = 220 ]
printf 'HELO probe.example.org\r\n' >&3
read -r -t 10 code _ <&3
[ "$code" = 250 ]
printf 'QUIT\r\n' >&3
read -r -t 10 code _ <&3
[ "$code" = 221 ]
