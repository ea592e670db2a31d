"""The words of the schema: one declaration a table, `name (key) | purpose`, then `column TYPE [options] | meaning`."""

from __future__ import annotations

EVENTS = """
events | One normalised record of a firewall decision, an IDS verdict or a flow.
source_id UINTEGER | source the record came from
line_no UBIGINT | number of the first line (or record, or export packet) in the decompressed content, from 1
record_no UINTEGER default=0 | 0, or the ordinal where one line or packet holds several records
n_lines USMALLINT default=1 | lines that the record spans
ts TIMESTAMP | start of what the record describes, or the one time that it has
ts_end TIMESTAMP | end of what the record describes; NULL where the record has only one time
kind VARCHAR words=event_kind | firewall, flow, ids, dns, proxy, nat, vpn, auth, system
sensor VARCHAR | the device that logged it
action VARCHAR words=action | allow, deny, alert; NULL where the record takes no decision
disposition VARCHAR | the vendor's own word for the decision, lower case
direction VARCHAR words=direction | inbound, outbound, internal or external, as the vendor says; traffic derives it
protocol VARCHAR | IANA keyword in lower case, or the number as text where there is none
src_ip VARCHAR | source address as the sensor saw it, before its own translation
src_port USMALLINT | source port; NULL for protocols without ports
dst_ip VARCHAR | destination address, before the sensor's own translation
dst_port USMALLINT | destination port; NULL for protocols without ports
src_nat_ip VARCHAR | source address after translation; NULL where it repeats the original
src_nat_port USMALLINT | source port after translation
dst_nat_ip VARCHAR | destination address after translation; NULL where it repeats the original
dst_nat_port USMALLINT | destination port after translation
bytes UBIGINT | bytes of both directions, as far as the record knows
packets UBIGINT | packets of both directions, as far as the record knows
bytes_out UBIGINT | bytes from source to destination
bytes_in UBIGINT | bytes from destination to source
packets_out UBIGINT | packets from source to destination
packets_in UBIGINT | packets from destination to source
duration DOUBLE | seconds
tcp_flags VARCHAR | letters of CEUAPRSF that are set, in that order
icmp_type UTINYINT | ICMP or ICMPv6 type
icmp_code UTINYINT | ICMP or ICMPv6 code
in_iface VARCHAR | interface that the traffic came in by
out_iface VARCHAR | interface that the traffic left by
src_zone VARCHAR | security zone of the source
dst_zone VARCHAR | security zone of the destination
rule VARCHAR | rule, policy or access list that decided
reason VARCHAR | vendor's reason for closing or denying
app VARCHAR | application as the sensor identified it
dst_name VARCHAR | DNS name, TLS server name or HTTP host of the destination, lower case, no trailing dot
user_name VARCHAR | user that the sensor tied to the traffic
signature VARCHAR | IDS or IPS verdict in words
signature_id VARCHAR | the vendor's number of the signature
severity VARCHAR words=severity | informational, low, medium, high or critical
session_id VARCHAR | the vendor's session or flow id
repeat_count UINTEGER default=1 | how many equal records this one stands for
extra JSON | every other field of the record, under the vendor's names
"""

ACTIVITY = """
activity | One normalised record of what the training stack did: a run, phase, episode, step, tool call, …
source_id UINTEGER | source the record came from
line_no UBIGINT | number of the first line or record, from 1
record_no UINTEGER default=0 | 0, or the ordinal where one line holds several records
activity_id VARCHAR | the record's own id, or one derived from its provenance
kind VARCHAR words=activity_kind | run, phase, episode, step, tool_call, process, container
parent_id VARCHAR | activity that this one is part of
run_id VARCHAR | training run
episode_id VARCHAR | episode, rollout or trajectory
step BIGINT | step within the episode
name VARCHAR | name of the run, phase, process or container
tool VARCHAR | tool that was called
command VARCHAR | what the tool was called with
started_at TIMESTAMP | start
ended_at TIMESTAMP | end; NULL where it is not known
end_is_inferred BOOLEAN | the end was not recorded but worked out
host VARCHAR | machine it ran on
namespace VARCHAR | network or Kubernetes namespace
ip VARCHAR | address of the sandbox, pod or process
sandbox_id VARCHAR | sandbox
container_id VARCHAR | container
pod VARCHAR | pod
status VARCHAR | exit code or state
extra JSON | every other field of the record
"""

DECLARATIONS = (
    """
meta | What made this case file.
schema_version UINTEGER | version of the tables
tool_version VARCHAR | version of fwforensics that created the case
created_at TIMESTAMP | when the case was created
derived_dirty BOOLEAN default=false | connections and exposures are older than the events
""",
    """
sources (source_id) | One input file, archive member or stream, known by the SHA-256 of its decompressed content.
source_id UINTEGER | number of the source, from 1
path VARCHAR | where it was read from
member VARCHAR | name inside the archive
sha256 VARCHAR | of the decompressed content, as far as read
container_sha256 VARCHAR | of the file as received
size_bytes UBIGINT | decompressed bytes, as far as read
format VARCHAR | format of most lines
sensor VARCHAR | device that most of its records are from
sensor_basis VARCHAR | record, option or name
run_id VARCHAR | run that the analyst said the source belongs to
ingested_at TIMESTAMP | when it was read
lines UBIGINT | lines or records read; always parsed + rejects + ignored
parsed UBIGINT | lines or records that gave at least one row, continuation lines included
rejects UBIGINT | lines or records that were recognised and could not be read, or not recognised at all
ignored UBIGINT | lines or records that hold no traffic
rows UBIGINT | rows written to any canonical table
first_ts TIMESTAMP | earliest time of its records
last_ts TIMESTAMP | latest time of its records
tz VARCHAR | zone that times without one were read in
tz_basis VARCHAR | explicit (the records say), option, or default
year_basis VARCHAR | explicit, option, mtime, or NULL where no record has a time
parser_version VARCHAR | version of the parsers that read it
options JSON | the options that it was read with
head_sha256 VARCHAR | of its first 4096 bytes (all of a shorter source): finds grown files
opening UBIGINT | fingerprint of its first lines: finds rotations that overlap; 0 where none can, NULL if unknown
closing UBIGINT | fingerprint of its last lines
""",
    """
rejects | Lines that could not be read, with the reason; nothing that was read is lost.
source_id UINTEGER | source
line_no UBIGINT | line or record, from 1
reason VARCHAR | why
raw VARCHAR | the line; bytes that are no UTF-8 as \\xNN, binary records as hexadecimal
""",
    """
ignored | Lines that hold no traffic, counted by reason.
source_id UINTEGER | source
reason VARCHAR | blank, comment, header, other program, no traffic, already in source N
program VARCHAR | program that logged them, where the line says
lines UBIGINT | how many
first_line UBIGINT | first of them
last_line UBIGINT | last of them
sample VARCHAR | the first of them
""",
    EVENTS,
    """
connections | One conversation between a client and a server, however many events it left.
connection_id UBIGINT | number of the connection, from 1 in order of time
protocol VARCHAR | IANA keyword in lower case
client_ip VARCHAR | address that opened it
client_port USMALLINT | port of the client
server_ip VARCHAR | address that it was opened to
server_port USMALLINT | port of the server
server_name VARCHAR | name of the server, where its events agree on one
first_ts TIMESTAMP | start
last_ts TIMESTAMP | end, as far as recorded
duration DOUBLE | seconds
bytes_out UBIGINT | bytes from client to server
bytes_in UBIGINT | bytes from server to client
packets_out UBIGINT | packets from client to server
packets_in UBIGINT | packets from server to client
action VARCHAR words=action | deny if no sensor let it through
app VARCHAR | application
n_events UBIGINT | events that it left
sensors VARCHAR[] | sensors that logged it
is_open BOOLEAN | a sensor logged its start and none its end
initiator_basis VARCHAR words=initiator | what says who the client is: vendor, syn, first, port, unknown
run_id VARCHAR | run that it belongs to, where that is certain
""",
    """
connection_events | Which events a connection is made of.
connection_id UBIGINT | connection
source_id UINTEGER | source of the event
line_no UBIGINT | line of the event
record_no UINTEGER | record of the event
""",
    """
runs (run_id) | Training runs.
run_id VARCHAR | id of the run
name VARCHAR | name
started_at TIMESTAMP | start
ended_at TIMESTAMP | end; NULL while it runs or where unknown
basis VARCHAR | manifest or derived
attributes JSON | every other field of the manifest
""",
    ACTIVITY,
    """
hosts | Addresses of machines.
host VARCHAR | machine
ip VARCHAR | address
scope VARCHAR | host or namespace within which the address means this; NULL everywhere
source_id UINTEGER | source that says so; NULL where the analyst did
basis VARCHAR | manifest, lease, local (it logged packets of its own with it), or translation (others are behind it)
""",
    """
leases | An address belonged to an owner from … to …, within a scope.
ip VARCHAR | address
scope VARCHAR | host or namespace within which the address means this; NULL everywhere
owner_kind VARCHAR | host, pod, container, sandbox or run
owner_id VARCHAR | id of the owner
run_id VARCHAR | run that the owner belongs to
started_at TIMESTAMP | start; NULL since ever
ended_at TIMESTAMP | end; NULL for ever
shared BOOLEAN | others use the address at the same time
basis VARCHAR | activity where it was worked out of activity; NULL where a record or the analyst says so
source_id UINTEGER | source that says so; NULL where the analyst did
line_no UBIGINT | line of the source
record_no UINTEGER default=0 | record of the line
""",
    """
run_addresses | Which addresses a run had, and when: worked out of leases, hosts, manifests and activity.
run_id VARCHAR | run
ip VARCHAR | address
scope VARCHAR | host or namespace within which the address means this; NULL everywhere
started_at TIMESTAMP | start
ended_at TIMESTAMP | end
basis VARCHAR | lease, manifest, host or activity
""",
    """
translations | One NAT mapping with its interval.
sensor VARCHAR | device that translates
protocol VARCHAR | IANA keyword in lower case
orig_src_ip VARCHAR | source before
orig_src_port USMALLINT | source port before
orig_dst_ip VARCHAR | destination before
orig_dst_port USMALLINT | destination port before
new_src_ip VARCHAR | source after
new_src_port USMALLINT | source port after
new_dst_ip VARCHAR | destination after
new_dst_port USMALLINT | destination port after
started_at TIMESTAMP | start
ended_at TIMESTAMP | end; NULL where not recorded
source_id UINTEGER | source that says so
line_no UBIGINT | line of the source
record_no UINTEGER default=0 | record of the line
""",
    """
gpu_samples | GPU load and processes, as corroboration.
ts TIMESTAMP | time of the sample
host VARCHAR | machine
gpu VARCHAR | GPU index or UUID
process VARCHAR | process name
utilization DOUBLE | per cent
memory_mib DOUBLE | MiB in use
power_w DOUBLE | watts
pod VARCHAR | pod
extra JSON | every other field
source_id UINTEGER | source that says so
line_no UBIGINT | line of the source
record_no UINTEGER default=0 | record of the line
""",
    """
clocks | Clock offsets; applied when queried, events.ts is never rewritten.
sensor VARCHAR | sensor
host VARCHAR | host
offset_s DOUBLE | seconds to add to the sensor's time
residual_s DOUBLE | what may remain
z DOUBLE | strength of the estimate
n_anchors BIGINT | anchors that it rests on
basis VARCHAR | declared or estimated
""",
    """
networks (cidr) | What counts as inside.
cidr VARCHAR | network
name VARCHAR | name
zone VARCHAR words=zone | internal or external
basis VARCHAR | default, declared, or derived (the /24 or /64 of an address that a lease, manifest or host names)
low VARCHAR | first address as 32 hexadecimal digits
high VARCHAR | last address as 32 hexadecimal digits
""",
    """
addresses (ip) | What is known of each address.
ip VARCHAR | address
ip_key VARCHAR | 32 hexadecimal digits, IPv4 as ::ffff:0:0/96: sorts and ranges alike everywhere
version UTINYINT | 4 or 6
scope VARCHAR words=scope | internal, external or special
name VARCHAR | the one name that it has in the case
asn UINTEGER | autonomous system that announces it, as enrichment says; `enrichments` has who says what of which day
as_name VARCHAR | its name
country VARCHAR | country that it is registered for, two letters
network VARCHAR | registered network
registrant VARCHAR | who it is registered for
ptr VARCHAR | reverse DNS name, which whoever has the address chooses
tags VARCHAR[] | categories of what indicators, registries and the analyst's own lists say
enriched_at TIMESTAMP | when the last of these was asked
enriched_by VARCHAR | providers that said it
""",
    """
indicators | Known addresses, networks, names, ports and applications.
kind VARCHAR words=indicator_kind | ip, cidr, domain (with what is below it), port or app
value VARCHAR | the indicator
label VARCHAR | what it is
category VARCHAR | mining, tunnel, tor, vpn, proxy, blockchain, paste, webhook, file-drop, encrypted-dns, metadata, …
source VARCHAR | who says so; what is shipped begins with "shipped: ", what a feed brought with "feed: "
added_at TIMESTAMP | when
as_of TIMESTAMP | day that its source says it of; NULL where it says none
expires_at TIMESTAMP | until when its source says it; what ended before the case's first event matches nothing
""",
    """
indicator_hits | What indicators and warning lists know of the addresses, names and applications of the case.
kind VARCHAR | what of the case was known: ip, name or app
value VARCHAR | the address, name or application, as in connections
category VARCHAR | category of the indicator; cloud, cdn, public-dns and vendor are ordinary infrastructure
label VARCHAR | what it is
indicator VARCHAR | the indicator that matched
source VARCHAR | who says so
as_of TIMESTAMP | day that its source says it of
""",
    """
enrichments | What was said of an address, by whom, and of which day; what is older stays as history.
ip VARCHAR | address
provider VARCHAR | provider that was asked, as `fwf enrich --status` lists them
source VARCHAR | who says so: data set with its day, file, or server
key VARCHAR | what is said: asn, as_name, country, network, registrant, abuse, registered, changed, ptr, owner, tag, …
value VARCHAR | the value
as_of TIMESTAMP | day that it is said of: that of the data set, or of the answer; NULL where nobody says
asked_at TIMESTAMP | when it was asked
""",
    """
lookups | Answers and errors of online providers: what is fresh is not asked again.
provider VARCHAR | provider
ip VARCHAR | address that was sent
asked_at TIMESTAMP | when
expires_at TIMESTAMP | until when it counts as fresh
outcome VARCHAR words=lookup | answer, nothing (nobody knows it), or error
error VARCHAR | why there is no answer
server VARCHAR | who answered
answer JSON | the answer as it was received
""",
    """
enrichment_log | Each time that a provider was asked, and what came of it.
asked_at TIMESTAMP | when
provider VARCHAR | provider
source VARCHAR | data set with its day, file, or server
as_of TIMESTAMP | day of the data
online BOOLEAN | did something leave the machine?
state VARCHAR words=enrichment | done, partial (something could not be asked, or is left), or failed
asked UBIGINT | addresses that it was asked for, or entries that were read
answered UBIGINT | of these with an answer, or entries that were taken
note VARCHAR | what is missing, and why
seconds DOUBLE | how long
""",
    """
services | Names of services, as IANA registers them.
port USMALLINT | port
protocol VARCHAR | tcp, udp, sctp or dccp
name VARCHAR | registered name; what listens there may be something else
description VARCHAR | registered description
""",
    """
safelist (entry_id) | What the analyst has accepted; applied at query time, counted and shown.
entry_id VARCHAR | S- and 12 hexadecimal digits
kind VARCHAR words=safelist_kind | what the value is: address, cidr, domain (with what is below it), port or detection
value VARCHAR | the accepted thing
side VARCHAR words=side | end of the connection that an address or network must be
port USMALLINT | only to this port; NULL to all
detection VARCHAR | detection that it is accepted for; NULL for all
reason VARCHAR | why
owner VARCHAR | who answers for it
expires_at TIMESTAMP | until when; NULL for ever
added_at TIMESTAMP | when it was accepted
low VARCHAR | first address as 32 hexadecimal digits
high VARCHAR | last address as 32 hexadecimal digits
""",
    """
source_skips | Parts of a source that an earlier source has, and that were not read again.
source_id UINTEGER | source
owner UINTEGER | source that has them
first_byte UBIGINT | first byte of the part, from 0
end_byte UBIGINT | byte behind the part
""",
    """
source_coverage | Records a minute, sensor and source: what `coverage` sums.
source_id UINTEGER | source
sensor VARCHAR | sensor
bucket TIMESTAMP | start of the minute
records UBIGINT | records with a time, ignored ones included
events UBIGINT | records that gave an event
lost UBIGINT | records that the sensor says it lost
""",
    """
coverage_declared | Intervals in which the analyst says that a sensor was alive.
sensor VARCHAR | sensor
started_at TIMESTAMP | start
ended_at TIMESTAMP | end
""",
    """
exposures | When a run could have been seen by a sensor.
run_id VARCHAR | run
sensor VARCHAR | sensor that has shown one of the run's addresses
started_at TIMESTAMP | start
ended_at TIMESTAMP | end
seconds DOUBLE | length
basis VARCHAR | declared or records
""",
    """
violations (violation_id) | A connection, or a group of them, that a detection marked.
violation_id VARCHAR | V- and 12 hexadecimal digits
detection VARCHAR | detection that marked it
category VARCHAR words=category | mining, tunnel, probe, metadata, upload, policy or other
severity VARCHAR words=severity | informational, low, medium, high or critical
technique VARCHAR | ATT&CK technique
ts TIMESTAMP | start
ts_end TIMESTAMP | end
sensor VARCHAR | sensor
src_ip VARCHAR | source; NULL where many
dst_ip VARCHAR | destination; NULL where many
dst_port USMALLINT | destination port; NULL where many
protocol VARCHAR | protocol
action VARCHAR words=action | what the firewalls did
dst_name VARCHAR | name of the destination
n_connections UBIGINT | connections in it
n_events UBIGINT | events in it
reason VARCHAR | what the detection saw
run_id VARCHAR | run; NULL when ambiguous
run_basis VARCHAR words=run_basis | what ties it to the run
attribution VARCHAR words=attribution | how well the tool call is known: exact, host, ambiguous or none
attribution_reason VARCHAR | why, in words
suppressed_by VARCHAR | safelist entry that hides it
""",
    """
violation_events | Which events a violation rests on.
violation_id VARCHAR | violation
source_id UINTEGER | source of the event
line_no UBIGINT | line of the event
record_no UINTEGER | record of the event
""",
    """
violation_runs | All runs that a violation may belong to.
violation_id VARCHAR | violation
run_id VARCHAR | run
weight DOUBLE | 1 ÷ number of possible runs
""",
    """
candidates | Activities that a violation coincides with, best first.
violation_id VARCHAR | violation
rank UINTEGER | 1 is best
activity_id VARCHAR | activity
run_id VARCHAR | run
episode_id VARCHAR | episode
step BIGINT | step
tool VARCHAR | tool
score DOUBLE | score
basis VARCHAR | exact, host or ambiguous
reason VARCHAR | why
""",
    """
patterns (pattern_id) | The violations against one target group and service, over all hosts and runs.
pattern_id VARCHAR | P- and 12 hexadecimal digits of its key
target VARCHAR | internal, a network or a domain
service VARCHAR | port and protocol, or many
detection VARCHAR | the most severe, most specific detection
detections VARCHAR[] | all detections
category VARCHAR words=category | category of the detection
severity VARCHAR words=severity | highest severity
technique VARCHAR | ATT&CK technique
destinations VARCHAR[] | destination addresses
n_dst UBIGINT | how many
hosts VARCHAR[] | sources
n_violations UBIGINT | violations
n_connections UBIGINT | connections
n_attempts UBIGINT | attempts: rows of one 5-tuple less than 180 s apart count once
n_bouts UBIGINT | bouts: attempts on one host at most 60 s apart count once
runs_hit UBIGINT | runs that it certainly occurred in
runs_possible UBIGINT | runs that it may have occurred in
runs_exposed UBIGINT | runs in which a sensor could have seen it; NULL where not observable
recurrence DOUBLE | runs_hit ÷ runs_exposed
recurrence_low DOUBLE | lower end of the exact 95 % interval (Clopper–Pearson)
recurrence_high DOUBLE | upper end of the exact 95 % interval
rate_per_run_hour DOUBLE | bouts per exposed run hour
rate_low DOUBLE | lower end of its 95 % interval: exact, wider where runs differ beyond chance
rate_high DOUBLE | upper end
first_ts TIMESTAMP | first
last_ts TIMESTAMP | last
rate_limited BOOLEAN | its rule logs up to a ceiling, or its sensor left rows out: counts are too low
timing VARCHAR words=timing | one-off, persistent, periodic, diurnal, bursty, irregular, undetermined (too few to tell)
timing_statistic DOUBLE | statistic that the timing class was decided on; `details` says which
p_periodic DOUBLE | p of the test for a period, against exponential intervals; NULL below 4 intervals
p_diurnal DOUBLE | p of the test for a time of day; NULL below 4 days with 6 h of observation
p_burst DOUBLE | p of the test for bursts; NULL below 8 attempts
period_s DOUBLE | period in seconds, where periodic or diurnal
rita_beacon_score DOUBLE | RITA's score, 0 to 1, highest of its pairs in the last 24 h; a low one is no all-clear
phase VARCHAR | phase of training that it is bound to, where that stands after all tests
p_phase DOUBLE | p of the phase test, of all phases together
p_in_run DOUBLE | p that it keeps to runs; NULL where nothing was observed outside of them
coincides_with VARCHAR | tool, class of commands (`tool: class`), or any call; never called a cause
attributable_share DOUBLE | share of its bouts beyond chance, cross-fitted over runs; around 0 where there is nothing
attributable_low DOUBLE | lower end of its 95 % interval (bootstrap of runs, or exact binomial if wider)
attributable_high DOUBLE | upper end
coincident_k UBIGINT | bouts with a call of the strongest subject in the window before them
coincident_n UBIGINT | bouts that were tested: those in runs with a trace
expected_e DOUBLE | bouts with such a call that chance would give
p_time DOUBLE | p of the time test: are bouts aligned with calls? of all subjects, windows and lags together
p_label DOUBLE | p of the label test: does it matter which tool?
q_assoc DOUBLE | p_time over all patterns (Benjamini–Hochberg)
q_tool DOUBLE | the larger of p_time and p_label over all patterns; a tool is named up to 0.05, if both tests agree
window_s DOUBLE | width of the window before a bout, in seconds
lag_s DOUBLE | lag that was added to the sensor's clock, in seconds, beside clock_offset_s
clock_offset_s DOUBLE | offset that was added to the sensor's time, as in clocks
clock_bound_s DOUBLE | lags within ± this were searched, in seconds
mde DOUBLE | smallest share that would have been seen of a tool called as often as the middle one
n_tests UINTEGER | patterns that were tested, over which q is taken
surrogates UINTEGER | surrogates drawn, at most 9,999
seed UBIGINT | seed of its random numbers, from its key
details JSON | what has no column of its own: basis of the timing class, phases, trend, terms of the score
attribution VARCHAR words=attribution | exact, host, ambiguous or none
verdict VARCHAR | one honest sentence
tier VARCHAR | A to D
score DOUBLE | rank within the tier
news VARCHAR words=news | against the last hunt: new, raised (severity, tier or runs hit went up) or seen
suppressed_by VARCHAR | safelist entry that hides it
n_suppressed UBIGINT | violations against the same target and service that the safelist hides
""",
    """
pattern_violations | Which violations a pattern is made of.
pattern_id VARCHAR | pattern
violation_id VARCHAR | violation
""",
    """
pattern_bouts | The bouts of each pattern: the unit of recurrence.
pattern_id VARCHAR | pattern
bout_no UINTEGER | number within the pattern
host VARCHAR | source address
run_id VARCHAR | run, where certain
ts TIMESTAMP | start
ts_end TIMESTAMP | end
n_attempts UBIGINT | attempts in it
n_events UBIGINT | events in it
""",
    """
bout_connections | Which connections, and through `connection_events` which lines, a bout is made of.
pattern_id VARCHAR | pattern
bout_no UINTEGER | bout
connection_id UBIGINT | connection
""",
    """
associations | What each pattern was tested against.
pattern_id VARCHAR | pattern
subject VARCHAR | any call, tool, class of commands, phase of training, or in runs
k UBIGINT | bouts that coincide
e DOUBLE | expected by chance
p DOUBLE | p, of the whole search (max-T)
q DOUBLE | p over all patterns, of the strongest subject
""",
    """
bout_calls | Calls of the strongest subject in the window before each bout: all of them, since time alone names none.
pattern_id VARCHAR | pattern
bout_no UINTEGER | bout
activity_id VARCHAR | call
run_id VARCHAR | run
episode_id VARCHAR | episode
step BIGINT | step
tool VARCHAR | tool
delay_s DOUBLE | seconds from the start of the call to the bout, both by the trace's clock
n_calls UBIGINT | such calls before this bout
n_episodes UBIGINT | episodes that they belong to
chance DOUBLE | share of bouts that would have such a call by chance
""",
    """
commands (command) | What commands of the trace say, each once: worked out when a hunt attributes.
command VARCHAR | command as in activity
ips VARCHAR[] | addresses that it names
lows VARCHAR[] | first address keys of networks and ranges that it names
highs VARCHAR[] | last address keys of these
names VARCHAR[] | host names that it names
ports INTEGER[] | ports that it names
programs VARCHAR[] | kinds of programs that it runs: miner, tunnel, scanner, shell, ssh, copy, fetch, dns, socket
background BOOLEAN | it leaves a process behind
hidden BOOLEAN | part of this stands there encoded
""",
    """
hunts (hunt_id) | Each hunt and what it was run with.
hunt_id UINTEGER | number of the hunt
started_at TIMESTAMP | when
scope VARCHAR | full or partial
parameters JSON | options and thresholds
versions JSON | versions of tool, engine and detections
fingerprint VARCHAR | of the sources that it saw
""",
    """
hunt_findings | What each hunt found: the next one says what is new or has been raised since.
hunt_id UINTEGER | hunt
pattern_id VARCHAR | pattern
severity VARCHAR | severity then
tier VARCHAR | tier then
runs_hit UBIGINT | runs that it certainly occurred in then
""",
    """
rules (name,version) | Each version of a detection that a hunt has run, with its SQL.
name VARCHAR | detection
version VARCHAR | 12 hexadecimal digits of the SHA-256 of its SQL
sql VARCHAR | the SQL
first_hunt UINTEGER | first hunt that ran it
""",
    """
source_capabilities | Which columns the records of a source and sensor fill: what is never filled can show nothing.
source_id UINTEGER | source
sensor VARCHAR | sensor
fills VARCHAR[] | columns of events that at least one record fills
""",
    """
evaluability | Whether a detection could have shown anything, in the case as a whole and in each run.
detection VARCHAR | detection
run_id VARCHAR | run; NULL for the case as a whole
state VARCHAR words=evaluability | evaluable, not evaluable (nobody who saw it fills what is needed), or not observed
missing VARCHAR | what is not filled
""",
    """
audit | Every command that wrote to the case.
logged_at TIMESTAMP | when
command VARCHAR | command
arguments JSON | its arguments
version VARCHAR | version of fwforensics
user_name VARCHAR | who
host VARCHAR | where
rows BIGINT | rows written
seconds DOUBLE | how long
""",
)
