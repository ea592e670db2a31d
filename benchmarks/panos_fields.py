"""The columns of a PAN-OS traffic log, apart from the generator: a measured process must not import its libraries."""

# Column order of the PAN-OS 10.1 traffic log; a dash marks columns that the vendor keeps for later use.
PANOS_FIELDS = """
- receive_time serial type subtype config_version time_generated src dst natsrc natdst rule srcuser dstuser app vsys
from to inbound_if outbound_if logset time_logged sessionid repeatcnt sport dport natsport natdport flags proto action
bytes bytes_sent bytes_received packets start elapsed category - seqno actionflags srcloc dstloc - pkts_sent
pkts_received session_end_reason dg_hier_level_1 dg_hier_level_2 dg_hier_level_3 dg_hier_level_4 vsys_name device_name
action_source src_uuid dst_uuid tunnelid monitortag parent_session_id parent_start_time tunnel assoc_id chunks
chunks_sent chunks_received rule_uuid http2_connection link_change_count policy_id link_switches sdwan_cluster
sdwan_device_type sdwan_cluster_type sdwan_site dynusergroup_name xff_ip src_category src_profile src_model src_vendor
src_osfamily src_osversion src_host src_mac dst_category dst_profile dst_model dst_vendor dst_osfamily dst_osversion
dst_host dst_mac container_id pod_namespace pod_name src_edl dst_edl hostid serialnumber src_dag dst_dag
session_owner high_res_timestamp nsdsai_sst nsdsai_sd subcategory_of_app category_of_app technology_of_app risk_of_app
characteristic_of_app container_of_app tunneled_app is_saas_of_app sanctioned_state_of_app offloaded
""".split()  # noqa: SIM905 - a list of words is easier to compare with the vendor's page
