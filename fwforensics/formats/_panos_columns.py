"""Columns of the PAN-OS logs by log type, in the vendor's order; releases append columns and never move one."""

from __future__ import annotations

HEAD = "- receive_time serial type subtype config_version time_generated"
#: All logs of sessions share these.
SESSION = (
    "src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset time_logged sessionid "
    "repeatcnt sport dport natsport natdport flags proto action"
)
GROUPS = "dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name"
DEVICES = (
    "src_category src_profile src_model src_vendor src_osfamily src_osversion src_host src_mac "
    "dst_category dst_profile dst_model dst_vendor dst_osfamily dst_osversion dst_host dst_mac"
)
APP = (
    "subcategory_of_app category_of_app technology_of_app risk_of_app characteristic_of_app container_of_app "
    "tunneled_app is_saas_of_app sanctioned_state_of_app"
)
APP_OF_TUNNEL = APP.replace("tunneled_app ", "")
PODS = "container_id pod_namespace pod_name src_edl dst_edl"

TRAFFIC = (
    f"{HEAD} {SESSION} bytes bytes_sent bytes_received packets start elapsed category - seqno actionflags srcloc "
    f"dstloc - pkts_sent pkts_received session_end_reason {GROUPS} action_source src_uuid dst_uuid tunnelid "
    "monitortag parent_session_id parent_start_time tunnel assoc_id chunks chunks_sent chunks_received rule_uuid "
    "http2_connection link_change_count policy_id link_switches sdwan_cluster sdwan_device_type sdwan_cluster_type "
    f"sdwan_site dynusergroup_name xff_ip {DEVICES} {PODS} hostid serialnumber src_dag dst_dag session_owner "
    f"high_res_timestamp nsdsai_sst nsdsai_sd {APP} offloaded flow_type cluster_name"
)
THREAT = (
    f"{HEAD} {SESSION} misc threatid category severity direction seqno actionflags srcloc dstloc - contenttype pcap_id "
    "filedigest cloud url_idx user_agent filetype xff referer sender subject recipient reportid "
    f"{GROUPS} file_url src_uuid dst_uuid http_method tunnelid monitortag parent_session_id parent_start_time tunnel "
    "thr_category contentver sig_flags assoc_id ppid http_headers url_category_list rule_uuid http2_connection "
    f"dynusergroup_name xff_ip {DEVICES} {PODS} hostid serialnumber domain_edl src_dag dst_dag partial_hash "
    f"high_res_timestamp reason justification nssai_sst {APP} cloud_reportid cluster_name flow_type"
)
TUNNEL = (
    f"{HEAD} {SESSION} severity seqno actionflags srcloc dstloc {GROUPS} tunnelid monitortag parent_session_id "
    "parent_start_time tunnel bytes bytes_sent bytes_received packets pkts_sent pkts_received max_encap unknown_proto "
    "strict_check tunnel_fragment sessions_created sessions_closed session_end_reason action_source start elapsed "
    "tunnel_insp_rule remote_user_ip remote_user_id rule_uuid pcap_id dynusergroup_name src_edl dst_edl "
    f"high_res_timestamp nsdsai_sd nsdsai_sst pdu_session_id {APP_OF_TUNNEL} cluster_name"
)
GTP = (
    f"{HEAD} {SESSION} event_type msisdn apn rat msg_type end_ip_adr teid1 teid2 gtp_interface cause_code severity mcc "
    f"mnc area_code cell_id event_code - - srcloc dstloc {'- ' * 7}imsi imei {'- ' * 16}start elapsed tunnel_insp_rule "
    "remote_user_ip remote_user_id rule_uuid pcap_id high_res_timestamp nsdsai_sst nsdsai_sd "
    f"{APP_OF_TUNNEL}"
)
SCTP = (
    f"{HEAD} {SESSION} {GROUPS} seqno - assoc_id ppid severity sctp_chunk_type - verif_tag_1 verif_tag_2 "
    "sctp_cause_code diam_app_id diam_cmd_code diam_avp_code stream_id session_end_reason op_code sccp_calling_ssn "
    "sccp_calling_gt sctp_filter chunks chunks_sent chunks_received packets pkts_sent pkts_received rule_uuid "
    "high_res_timestamp"
)
DECRYPTION = (
    f"{HEAD} {SESSION} tunnel - - src_uuid dst_uuid rule_uuid hs_stage_c2f hs_stage_f2s tls_version tls_keyxchg "
    "tls_enc tls_auth policy_name ec_curve err_index root_status chain_status proxy_type cert_serial fingerprint "
    "notbefore notafter cert_ver cert_size cn_len issuer_len rootcn_len sni_len cert_flags cn issuer_cn root_cn "
    f"sni error {PODS} src_dag dst_dag high_res_timestamp {DEVICES} seqno actionflags {GROUPS} "
    f"vsys_id {APP} cluster_name"
)
GLOBALPROTECT = (
    f"{HEAD} vsys eventid stage auth_method tunnel_type srcuser srcregion machinename public_ip public_ipv6 private_ip "
    "private_ipv6 hostid serialnumber client_ver client_os client_os_ver repeatcnt reason error opaque status location "
    "login_duration connect_method error_code portal seqno actionflags high_res_timestamp selection_type response_time "
    f"priority attempted_gateways gateway {GROUPS} vsys_id cluster_name"
)


def _named(words: str) -> list[str | None]:
    """Unique names; columns for the vendor's later use are named by number, the first (always 1) not at all."""
    names = [f"future_use_{i}" if word == "-" else word for i, word in enumerate(words.split(), 1)]
    return [None, *names[1:]]


#: Log types that name the ends of a session.
SESSION_COLUMNS = {
    "TRAFFIC": _named(TRAFFIC),
    "THREAT": _named(THREAT),
    "START": _named(TUNNEL),
    "END": _named(TUNNEL),
    "GTP": _named(GTP),
    "SCTP": _named(SCTP),
    "DECRYPTION": _named(DECRYPTION),
    "GLOBALPROTECT": _named(GLOBALPROTECT),
}
#: Log types without a peer.
OTHER_TYPES = (
    "USERID", "HIPMATCH", "HIP-MATCH", "AUTHENTICATION", "SYSTEM", "CONFIG", "CORRELATION", "IPTAG", "AUDIT"
)  # fmt: skip
HEAD_COLUMNS = _named(HEAD)


def columns_of(kind: str | None, count: int) -> list[str | None] | None:
    """Names of the columns of a log type; of types without a peer only the first ones."""
    del count
    if kind in OTHER_TYPES:
        return HEAD_COLUMNS
    return SESSION_COLUMNS.get(kind or "")


def columns_without_first(kind: str | None, count: int) -> list[str | None] | None:
    """The same where the collector cut off the first column."""
    names = columns_of(kind, count)
    return names[1:] if names else None
