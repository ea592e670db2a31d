"""Words of Cisco's firewalls and what they mean here: message numbers, verdicts, field names, ports, ICMP types."""

from __future__ import annotations


def _all(words: str, meaning: str) -> dict[str, str]:
    """The same meaning for each of the words."""
    return dict.fromkeys(words.split(), meaning)


def _numbers(first: int, last: int) -> str:
    return " ".join(map(str, range(first, last + 1)))


#: Kind by message number, or by its first three digits; all others are firewall records.
KINDS = {
    **_all("305009 305010 305011 305012 305014 305015", "nat"),
    **_all("304001 304002", "proxy"),
    **_all("400 733 338 430001 430004 430005", "ids"),
    **_all("109 113 315 605 606 611 768", "auth"),
    **_all("113019 113039 316 402 404 602 702 713 714 715 716 720 721 722 723 724 725 734 737", "vpn"),
    **_all("750 751 752", "vpn"),
    **_all(
        "602101 111 112 199 208 210 211 212 213 214 215 317 318 319 320 321 322 325 326 327 328 329 336 405 408 "
        "409 411 412 413 414 425 503 504 505 612 613 614 615 622 701 709 711 717 718 730 731 732 735 736 741 747 "
        "771 772 778",
        "system",
    ),
}

#: Action where the sentence has no word for it, or one that says something else.
ACTIONS_BY_NUMBER = {
    **_all("110001 110002 110003 201003 201010 201011 201012 201013 202010 305005 305006", "deny"),
    **_all("305016 313005 401004 407002 406001 406002", "deny"),
    **_all("209003 209004 209005 420001 420002 420003 434003 500003 500004", "deny"),
    **_all(_numbers(402114, 402120), "deny"),
    **_all(_numbers(400000, 400051) + " " + _numbers(733100, 733105), "alert"),
}
ACTIONS = {
    **_all(
        "deny denied drop dropped dropping discard discarded discarding reject rejected rejecting block blocked "
        "blocking prevented terminate terminated terminating shunned failed failure exceeded invalid reset sinkhole",
        "deny",
    ),
    **_all(
        "permitted allowed accepted succeeded successful granted est-allowed built teardown accessed stored retrieved "
        "allow trust fastpath monitor permit whitelisted offloaded bypass analyze",
        "allow",
    ),
    "limit exceeded": "deny",
    "not allowed": "deny",
    "interactive bypass": "allow",
    "trust all": "allow",
    "monitored": "alert",
}

#: Keys of FTD's events → names of the fields that both kinds of line fill.
FTD_NAMES = {
    "SrcIP": "src", "SrcPort": "src_port", "DstIP": "dst", "DstPort": "dst_port", "Protocol": "proto",
    "IngressInterface": "src_if", "EgressInterface": "dst_if", "IngressZone": "src_zone", "EgressZone": "dst_zone",
    "AccessControlRuleAction": "verdict", "AccessControlRuleReason": "reason", "AccessControlRuleName": "rule",
    "InlineResult": "inline", "FileAction": "file_action", "User": "user", "ConnectionDuration": "seconds",
    "InitiatorBytes": "bytes_out", "ResponderBytes": "bytes_in", "InitiatorPackets": "packets_out",
    "ResponderPackets": "packets_in", "NAT_InitiatorIP": "src_nat", "NAT_InitiatorPort": "src_nat_port",
    "NAT_ResponderIP": "dst_nat", "NAT_ResponderPort": "dst_nat_port", "FirstPacketSecond": "first",
    "ConnectionID": "session_id", "ApplicationProtocol": "app", "WebApplication": "web_app", "Client": "client",
    "ReferencedHost": "host", "URL": "url", "URI": "url", "ICMPType": "icmp_type", "ICMPCode": "icmp_code",
    "Message": "signature",
    "SID": "sid", "GID": "gid", "Revision": "sid_rev", "Priority": "priority", "EventPriority": "severity",
    "ThreatName": "threat", "SSLServerName": "server",
    "DeviceUUID": "device",
}  # fmt: skip
SEVERITY = {
    "very-low": "informational", "low": "low", "moderate": "medium", "medium": "medium", "high": "high",
    "very-high": "critical", "none": "informational", "1": "high", "2": "medium", "3": "low", "4": "informational",
}  # fmt: skip
#: What stands for a user where there is none.
NOBODY = [
    "no authentication required",
    "unknown",
    "not found",
    "none",
    "no authentication",
    "*****",
    "special identities",
]

ICMP_TYPES = {
    "echo reply": "0", "echo-reply": "0", "destination unreachable": "3", "unreachable": "3", "source quench": "4",
    "redirect": "5", "alternate host address": "6", "echo request": "8", "echo": "8", "router advertisement": "9",
    "router solicitation": "10", "time exceeded": "11", "time-exceeded": "11", "parameter problem": "12",
    "timestamp": "13", "timestamp request": "13", "timestamp reply": "14", "information request": "15",
    "information reply": "16", "address mask request": "17", "address mask reply": "18", "traceroute": "30",
}  # fmt: skip
ICMP_CODES = {"no code": "0", "none": "0", "network unreachable": "0", "host unreachable": "1",
              "protocol unreachable": "2", "port unreachable": "3"}  # fmt: skip

#: Names that PIX and ASA write for ports.
_PORTS = """
    aol=5190 bgp=179 biff=512 bootpc=68 bootps=67 chargen=19 cifs=3020 citrix-ica=1494 cmd=514 ctiqbe=2748
    daytime=13 discard=9 dnsix=195 domain=53 echo=7 exec=512 finger=79 ftp=21 ftp-data=20 gopher=70 h323=1720
    hostname=101 http=80 https=443 ident=113 imap4=143 irc=194 isakmp=500 kerberos=750 klogin=543 kshell=544
    ldap=389 ldaps=636 login=513 lotusnotes=1352 lpd=515 mobile-ip=434 nameserver=42 netbios-dgm=138
    netbios-ns=137 netbios-ssn=139 nfs=2049 nntp=119 ntp=123 pcanywhere-data=5631 pcanywhere-status=5632
    pim-auto-rp=496 pop2=109 pop3=110 pptp=1723 radius=1645 radius-acct=1646 rip=520 rpc=111 rsh=514 rtsp=554
    secureid-udp=5510 sip=5060 smtp=25 snmp=161 snmptrap=162 sqlnet=1521 ssh=22 sunrpc=111 syslog=514 tacacs=49
    talk=517 telnet=23 tftp=69 time=37 uucp=540 vxlan=4789 who=513 whois=43 www=80 xdmcp=177
"""
SERVICES = {name: port for name, _, port in (pair.partition("=") for pair in _PORTS.split())}
