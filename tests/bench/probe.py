"""What a monitoring script does, for comparison: python3 and its smtplib; `starttls` if asked."""
import smtplib
import sys

server = smtplib.SMTP("127.0.0.1", 25, local_hostname="probe.example.org", timeout=10)
if sys.argv[1:] == ["starttls"]:
    server.starttls()
server.ehlo()
server.quit()
