"""Where the fields of nfcapd records stand: elements of layout 2, extensions of layout 1, as data.

A field is `name:position:width:type`, within its element; width 0 reaches to the element's end. Types are those of
IPFIX elements (`u` is the default), in the byte order of the file, and `a` for the three words of an access list id.
The names are those of nfdump's JSON output.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A field within an element or a record."""

    name: str
    at: int
    width: int
    kind: str


def _places(text: str) -> tuple[Place, ...]:
    parts = (word.split(":") for word in text.split())
    return tuple(Place(p[0], int(p[1]), int(p[2]), p[3] if len(p) > 3 else "u") for p in parts)


#: Layout 2: element → its fields.
ELEMENTS: dict[int, tuple[Place, ...]] = {
    number: _places(text)
    for number, text in {
        1: "first:0:8 last:8:8 received:16:8 in_packets:24:8 in_bytes:32:8 src_port:40:2 dst_port:42:2 proto:44:1 "
        "tcp_flags:45:1 fwd_status:46:1 src_tos:47:1",
        2: "src_addr:0:4:4 dst_addr:4:4:4",
        3: "src_addr:0:16:6 dst_addr:16:16:6",
        4: "input_snmp:0:4 output_snmp:4:4 src_mask:8:1 dst_mask:9:1 direction:10:1 dst_tos:11:1 biFlow_dir:12:1 "
        "end_reason:13:1",
        5: "aggr_flows:0:8 out_packets:8:8 out_bytes:16:8",
        6: "src_vlan:0:4 dst_vlan:4:4",
        7: "src_as:0:4 dst_as:4:4",
        8: "bgp4_next_hop:0:4:4",
        9: "bgp6_next_hop:0:16:6",
        10: "ip4_next_hop:0:4:4",
        11: "ip6_next_hop:0:16:6",
        12: "router:0:4:4",
        13: "router:0:16:6",
        14: "mpls_labels:0:40:x",
        15: "in_src_mac:0:8:m out_dst_mac:8:8:m in_dst_mac:16:8:m out_src_mac:24:8:m",
        16: "next_as:0:4 prev_as:4:4",
        17: "cli_latency:0:8 srv_latency:8:8 app_latency:16:8",
        18: "sampler_id:0:4",
        19: "event_time:0:8 connect_id:8:4 fw_xevent:12:2 fw_event:14:1",
        20: "src_xlt_ip:0:4:4 dst_xlt_ip:4:4:4",
        21: "src_xlt_ip:0:16:6 dst_xlt_ip:16:16:6",
        22: "src_xlt_port:0:2 dst_xlt_port:2:2",
        23: "ingress_acl:0:12:a egress_acl:12:12:a",
        24: "user_name:0:0:s",
        25: "event_time:0:8 nat_pool_id:8:4 nat_event:12:1",
        26: "pblock_start:0:2 pblock_end:2:2 pblock_step:4:2 pblock_size:6:2",
        27: "nbar_id:0:0:x",
        28: "label:0:0:s",
        29: "in_payload:0:0:x",
        30: "out_payload:0:0:x",
        31: "tun_src_addr:0:4:4 tun_dst_addr:4:4:4 tun_proto:8:4",
        32: "tun_src_addr:0:16:6 tun_dst_addr:16:16:6 tun_proto:32:4",
        33: "observationPointID:0:8 observationDomainID:8:4",
        36: "egress_vrf:0:4 ingress_vrf:4:4",
        37: "pf_action:0:1 pf_reason:1:1 pf_dir:2:1 pf_rewritten:3:1 pf_rule:4:4 pf_subrule:8:4 pf_uid:12:4 "
        "pf_pid:16:4 pf_ifname:20:0:s",
        38: "vlanID:0:2 customerVlanID:2:2 postVlanID:4:2 postCustomerVlanID:6:2 phys_ingress:8:4 phys_egress:12:4 "
        "vxlan:16:8 ether_type:24:2 ip_version:26:1",
        39: "flow_id:0:8",
        40: "in_service_id:0:2 out_service_id:2:2",
        41: "nat_string:0:0:s",
        42: "fragment_flags:1:1 min_ttl:2:1 max_ttl:3:1",
    }.items()
}
#: The NAT element of nfdump up to 1.7.0 is longer, and has its event behind two routing instances.
NAT_COMPAT = _places("event_time:0:8 egress_vrf:8:4 ingress_vrf:12:4 nat_pool_id:16:4 nat_event:20:1")

#: Layout 1: the common part of a record of type 1 and 10, up to its addresses.
COMMON = _places(
    "first_ms:8:2 last_ms:10:2 first_s:12:4 last_s:16:4 fwd_status:20:1 tcp_flags:21:1 proto:22:1 src_tos:23:1 "
    "src_port:24:2 dst_port:26:2"
)
COMMON_SIZE = {1: 28, 10: 32}

#: Layout 1: extension → its size and fields, in the order of the map that a record refers to.
EXTENSIONS: dict[int, tuple[int, tuple[Place, ...]]] = {
    number: (size, _places(text))
    for number, (size, text) in {
        4: (4, "input_snmp:0:2 output_snmp:2:2"),
        5: (8, "input_snmp:0:4 output_snmp:4:4"),
        6: (4, "src_as:0:2 dst_as:2:2"),
        7: (8, "src_as:0:4 dst_as:4:4"),
        8: (4, "dst_tos:0:1 direction:1:1 src_mask:2:1 dst_mask:3:1"),
        9: (4, "ip4_next_hop:0:4:4"),
        10: (16, "ip6_next_hop:0:16:6"),
        11: (4, "bgp4_next_hop:0:4:4"),
        12: (16, "bgp6_next_hop:0:16:6"),
        13: (4, "src_vlan:0:2 dst_vlan:2:2"),
        14: (4, "out_packets:0:4"),
        15: (8, "out_packets:0:8"),
        16: (4, "out_bytes:0:4"),
        17: (8, "out_bytes:0:8"),
        18: (4, "aggr_flows:0:4"),
        19: (8, "aggr_flows:0:8"),
        20: (16, "in_src_mac:0:8:m out_dst_mac:8:8:m"),
        21: (16, "in_dst_mac:0:8:m out_src_mac:8:8:m"),
        22: (40, "mpls_labels:0:40:x"),
        23: (4, "router:0:4:4"),
        24: (16, "router:0:16:6"),
        25: (4, "engine_type:2:1 engine_id:3:1"),
        26: (8, "next_as:0:4 prev_as:4:4"),
        27: (8, "received:0:8"),
        37: (20, "event_time:0:8 connect_id:8:4 nsel_icmp:12:2 fw_event:14:1 fw_xevent:16:2 sec_group_tag:18:2"),
        38: (4, "src_xlt_port:0:2 dst_xlt_port:2:2"),
        39: (8, "src_xlt_ip:0:4:4 dst_xlt_ip:4:4:4"),
        40: (32, "src_xlt_ip:0:16:6 dst_xlt_ip:16:16:6"),
        41: (24, "ingress_acl:0:12:a egress_acl:12:12:a"),
        42: (24, "user_name:0:24:s"),
        43: (72, "user_name:0:72:s"),
        45: (24, "cli_latency:0:8 srv_latency:8:8 app_latency:16:8"),
        46: (12, "nat_event:0:1 egress_vrf:4:4 ingress_vrf:8:4"),
        47: (8, "src_xlt_ip:0:4:4 dst_xlt_ip:4:4:4"),
        48: (8, "pblock_start:0:2 pblock_end:2:2 pblock_step:4:2 pblock_size:6:2"),
    }.items()
}
