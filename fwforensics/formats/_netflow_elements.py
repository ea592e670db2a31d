"""IPFIX information elements as data: name and type of each, and which of them fill a canonical column.

NetFlow v9 field types below 128 are the same numbers, and the vendor types above 32767 (ASA, Palo Alto) are kept under
enterprise 0, as v9 has no enterprises. Types: `u` unsigned (the default), `i` signed, `f` float, `b` boolean, `4` and
`6` addresses, `m` MAC, `s` text, `x` bytes, `T` `M` `U` `N` times in seconds, milli-, micro- and nanoseconds.
"""

from __future__ import annotations

Key = tuple[int, int]

REVERSE = 29305
#: Scope fields of NetFlow v9 options have numbers of their own; this stands for their enterprise.
V9_SCOPE = -9

_IANA = """
1 octetDeltaCount 2 packetDeltaCount 3 deltaFlowCount 4 protocolIdentifier 5 ipClassOfService 6 tcpControlBits
7 sourceTransportPort 8 sourceIPv4Address:4 9 sourceIPv4PrefixLength 10 ingressInterface 11 destinationTransportPort
12 destinationIPv4Address:4 13 destinationIPv4PrefixLength 14 egressInterface 15 ipNextHopIPv4Address:4
16 bgpSourceAsNumber 17 bgpDestinationAsNumber 18 bgpNextHopIPv4Address:4 19 postMCastPacketDeltaCount
20 postMCastOctetDeltaCount 21 flowEndSysUpTime 22 flowStartSysUpTime 23 postOctetDeltaCount 24 postPacketDeltaCount
25 minimumIpTotalLength 26 maximumIpTotalLength 27 sourceIPv6Address:6 28 destinationIPv6Address:6
29 sourceIPv6PrefixLength 30 destinationIPv6PrefixLength 31 flowLabelIPv6 32 icmpTypeCodeIPv4 33 igmpType
34 samplingInterval 35 samplingAlgorithm 36 flowActiveTimeout 37 flowIdleTimeout 38 engineType 39 engineId
40 exportedOctetTotalCount 41 exportedMessageTotalCount 42 exportedFlowRecordTotalCount 43 ipv4RouterSc:4
44 sourceIPv4Prefix:4 45 destinationIPv4Prefix:4 46 mplsTopLabelType 47 mplsTopLabelIPv4Address:4 48 samplerId
49 samplerMode 50 samplerRandomInterval 51 classId 52 minimumTTL 53 maximumTTL 54 fragmentIdentification
55 postIpClassOfService 56 sourceMacAddress:m 57 postDestinationMacAddress:m 58 vlanId 59 postVlanId 60 ipVersion
61 flowDirection 62 ipNextHopIPv6Address:6 63 bgpNextHopIPv6Address:6 64 ipv6ExtensionHeaders
70 mplsTopLabelStackSection:x 71 mplsLabelStackSection2:x 72 mplsLabelStackSection3:x 73 mplsLabelStackSection4:x
74 mplsLabelStackSection5:x 75 mplsLabelStackSection6:x 76 mplsLabelStackSection7:x 77 mplsLabelStackSection8:x
78 mplsLabelStackSection9:x 79 mplsLabelStackSection10:x 80 destinationMacAddress:m 81 postSourceMacAddress:m
82 interfaceName:s 83 interfaceDescription:s 84 samplerName:s 85 octetTotalCount 86 packetTotalCount
87 flagsAndSamplerId 88 fragmentOffset 89 forwardingStatus 90 mplsVpnRouteDistinguisher:x 91 mplsTopLabelPrefixLength
92 srcTrafficIndex 93 dstTrafficIndex 94 applicationDescription:s 95 applicationId:x 96 applicationName:s
98 postIpDiffServCodePoint 99 multicastReplicationFactor 100 className:s 101 classificationEngineId
102 layer2packetSectionOffset 103 layer2packetSectionSize 104 layer2packetSectionData:x
128 bgpNextAdjacentAsNumber 129 bgpPrevAdjacentAsNumber 130 exporterIPv4Address:4 131 exporterIPv6Address:6
132 droppedOctetDeltaCount 133 droppedPacketDeltaCount 134 droppedOctetTotalCount 135 droppedPacketTotalCount
136 flowEndReason 137 commonPropertiesId 138 observationPointId 139 icmpTypeCodeIPv6 140 mplsTopLabelIPv6Address:6
141 lineCardId 142 portId 143 meteringProcessId 144 exportingProcessId 145 templateId 146 wlanChannelId 147 wlanSSID:s
148 flowId 149 observationDomainId 150 flowStartSeconds:T 151 flowEndSeconds:T 152 flowStartMilliseconds:M
153 flowEndMilliseconds:M 154 flowStartMicroseconds:U 155 flowEndMicroseconds:U 156 flowStartNanoseconds:N
157 flowEndNanoseconds:N 158 flowStartDeltaMicroseconds 159 flowEndDeltaMicroseconds 160 systemInitTimeMilliseconds:M
161 flowDurationMilliseconds 162 flowDurationMicroseconds 163 observedFlowTotalCount 164 ignoredPacketTotalCount
165 ignoredOctetTotalCount 166 notSentFlowTotalCount 167 notSentPacketTotalCount 168 notSentOctetTotalCount
169 destinationIPv6Prefix:6 170 sourceIPv6Prefix:6 171 postOctetTotalCount 172 postPacketTotalCount
173 flowKeyIndicator 174 postMCastPacketTotalCount 175 postMCastOctetTotalCount 176 icmpTypeIPv4 177 icmpCodeIPv4
178 icmpTypeIPv6 179 icmpCodeIPv6 180 udpSourcePort 181 udpDestinationPort 182 tcpSourcePort 183 tcpDestinationPort
184 tcpSequenceNumber 185 tcpAcknowledgementNumber 186 tcpWindowSize 187 tcpUrgentPointer 188 tcpHeaderLength
189 ipHeaderLength 190 totalLengthIPv4 191 payloadLengthIPv6 192 ipTTL 193 nextHeaderIPv6 194 mplsPayloadLength
195 ipDiffServCodePoint 196 ipPrecedence 197 fragmentFlags 198 octetDeltaSumOfSquares 199 octetTotalSumOfSquares
200 mplsTopLabelTTL 201 mplsLabelStackLength 202 mplsLabelStackDepth 203 mplsTopLabelExp 204 ipPayloadLength
205 udpMessageLength 206 isMulticast 207 ipv4IHL 208 ipv4Options 209 tcpOptions 210 paddingOctets:x
211 collectorIPv4Address:4 212 collectorIPv6Address:6 213 exportInterface 214 exportProtocolVersion
215 exportTransportProtocol 216 collectorTransportPort 217 exporterTransportPort 218 tcpSynTotalCount
219 tcpFinTotalCount 220 tcpRstTotalCount 221 tcpPshTotalCount 222 tcpAckTotalCount 223 tcpUrgTotalCount
224 ipTotalLength 225 postNATSourceIPv4Address:4 226 postNATDestinationIPv4Address:4
227 postNAPTSourceTransportPort 228 postNAPTDestinationTransportPort 229 natOriginatingAddressRealm 230 natEvent
231 initiatorOctets 232 responderOctets 233 firewallEvent 234 ingressVRFID 235 egressVRFID 236 VRFname:s
237 postMplsTopLabelExp 238 tcpWindowScale 239 biflowDirection 240 ethernetHeaderLength 241 ethernetPayloadLength
242 ethernetTotalLength 243 dot1qVlanId 244 dot1qPriority 245 dot1qCustomerVlanId 246 dot1qCustomerPriority
247 metroEvcId:s 248 metroEvcType 249 pseudoWireId 250 pseudoWireType 251 pseudoWireControlWord
252 ingressPhysicalInterface 253 egressPhysicalInterface 254 postDot1qVlanId 255 postDot1qCustomerVlanId
256 ethernetType 257 postIpPrecedence 258 collectionTimeMilliseconds:M 259 exportSctpStreamId
260 maxExportSeconds:T 261 maxFlowEndSeconds:T 262 messageMD5Checksum:x 263 messageScope 264 minExportSeconds:T
265 minFlowStartSeconds:T 266 opaqueOctets:x 267 sessionScope 277 observationPointType 278 newConnectionDeltaCount
279 connectionSumDurationSeconds 280 connectionTransactionId 281 postNATSourceIPv6Address:6
282 postNATDestinationIPv6Address:6 283 natPoolId 284 natPoolName:s 285 anonymizationFlags
286 anonymizationTechnique 287 informationElementIndex 288 p2pTechnology:s 289 tunnelTechnology:s
290 encryptedTechnology:s 291 basicList:x 292 subTemplateList:x 293 subTemplateMultiList:x 294 bgpValidityState
295 IPSecSPI 296 greKey 297 natType 298 initiatorPackets 299 responderPackets 300 observationDomainName:s
301 selectionSequenceId 302 selectorId 303 informationElementId 304 selectorAlgorithm 305 samplingPacketInterval
306 samplingPacketSpace 307 samplingTimeInterval 308 samplingTimeSpace 309 samplingSize 310 samplingPopulation
311 samplingProbability:f 312 dataLinkFrameSize 313 ipHeaderPacketSection:x 314 ipPayloadPacketSection:x
315 dataLinkFrameSection:x 316 mplsLabelStackSection:x 317 mplsPayloadPacketSection:x 318 selectorIdTotalPktsObserved
319 selectorIdTotalPktsSelected 320 absoluteError:f 321 relativeError:f 322 observationTimeSeconds:T
323 observationTimeMilliseconds:M 324 observationTimeMicroseconds:U 325 observationTimeNanoseconds:N
326 digestHashValue 335 selectorName:s 336 upperCILimit:f 337 lowerCILimit:f 338 confidenceLevel:f
346 privateEnterpriseNumber 347 virtualStationInterfaceId:x 348 virtualStationInterfaceName:s
349 virtualStationUUID:x 350 virtualStationName:s 351 layer2SegmentId 352 layer2OctetDeltaCount
353 layer2OctetTotalCount 354 ingressUnicastPacketTotalCount 355 ingressMulticastPacketTotalCount
356 ingressBroadcastPacketTotalCount 357 egressUnicastPacketTotalCount 358 egressBroadcastPacketTotalCount
359 monitoringIntervalStartMilliSeconds:M 360 monitoringIntervalEndMilliSeconds:M 361 portRangeStart 362 portRangeEnd
363 portRangeStepSize 364 portRangeNumPorts 365 staMacAddress:m 366 staIPv4Address:4 367 wtpMacAddress:m
368 ingressInterfaceType 369 egressInterfaceType 370 rtpSequenceNumber 371 userName:s 372 applicationCategoryName:s
373 applicationSubCategoryName:s 374 applicationGroupName:s 375 originalFlowsPresent 376 originalFlowsInitiated
377 originalFlowsCompleted 378 distinctCountOfSourceIPAddress 379 distinctCountOfDestinationIPAddress
380 distinctCountOfSourceIPv4Address 381 distinctCountOfDestinationIPv4Address
382 distinctCountOfSourceIPv6Address 383 distinctCountOfDestinationIPv6Address 384 valueDistributionMethod
385 rfc3550JitterMilliseconds 386 rfc3550JitterMicroseconds 387 rfc3550JitterNanoseconds 388 dot1qDEI
389 dot1qCustomerDEI 390 flowSelectorAlgorithm 391 flowSelectedOctetDeltaCount 392 flowSelectedPacketDeltaCount
393 flowSelectedFlowDeltaCount 402 samplingFlowInterval 403 samplingFlowSpacing 404 flowSamplingTimeInterval
405 flowSamplingTimeSpacing 406 hashFlowDomain 407 transportOctetDeltaCount 408 transportPacketDeltaCount
409 originalExporterIPv4Address:4 410 originalExporterIPv6Address:6 411 originalObservationDomainId
412 intermediateProcessId 413 ignoredDataRecordTotalCount 414 dataLinkFrameType 415 sectionOffset
416 sectionExportedOctets 417 dot1qServiceInstanceTag:x 418 dot1qServiceInstanceId 419 dot1qServiceInstancePriority
420 dot1qCustomerSourceMacAddress:m 421 dot1qCustomerDestinationMacAddress:m 423 postLayer2OctetDeltaCount
424 postMCastLayer2OctetDeltaCount 426 postLayer2OctetTotalCount 428 minimumLayer2TotalLength
429 maximumLayer2TotalLength 430 droppedLayer2OctetDeltaCount 431 droppedLayer2OctetTotalCount
432 ignoredLayer2OctetTotalCount 433 notSentLayer2OctetTotalCount 434 layer2OctetDeltaSumOfSquares
435 layer2OctetTotalSumOfSquares 436 layer2FrameDeltaCount 437 layer2FrameTotalCount
438 pseudoWireDestinationIPv4Address:4 439 ignoredLayer2FrameTotalCount 444 mibObjectValueInteger:i
457 httpStatusCode 458 sourceTransportPortsLimit 459 httpRequestMethod:s 460 httpRequestHost:s
461 httpRequestTarget:s 462 httpMessageVersion:s 463 natInstanceID 464 internalAddressRealm:x
465 externalAddressRealm:x 466 natQuotaExceededEvent 467 natThresholdEvent 468 httpUserAgent:s 469 httpContentType:s
470 httpReasonPhrase:s 471 maxSessionEntries 472 maxBIBEntries 473 maxEntriesPerUser 474 maxSubscribers
475 maxFragmentsPendingReassembly 476 addressPoolHighThreshold 477 addressPoolLowThreshold
482 addressPortMappingPerUserHighThreshold 483 globalAddressMappingHighThreshold 484 vpnIdentifier:x
485 bgpCommunity 491 bgpExtendedCommunity:x 494 srhFlagsIPv6 495 srhTagIPv6 496 srhSegmentIPv6:6
497 srhActiveSegmentIPv6:6 498 srhSegmentIPv6BasicList:x 499 srhSegmentIPv6ListSection:x
500 srhSegmentsIPv6Left 501 srhIPv6Section:x 502 srhIPv6ActiveSegmentType 503 srhSegmentIPv6LocatorLength
504 srhSegmentIPv6EndpointBehavior 505 transportChecksum 506 icmpHeaderPacketSection:x
33000 ingressAclId:x 33001 egressAclId:x 33002 fwExtEvent 33003 fwEventLevel 33004 fwEventLevelId
33005 fwConfiguredValue 34000 ctsSourceGroupTag 34001 ctsDestinationGroupTag 35001 fwExtEventAlt
35004 fwBlackoutSecs 35005 fwHalfOpenHigh 35006 fwHalfOpenRate 35007 fwZonePairId 35008 fwMaxSessions
35009 fwZonePairName 35010 fwExtEventDesc:s 35011 fwSummaryPacketCount 35012 fwHalfOpenCount 40000 username:s
40001 xlateSourceAddressIPv4:4 40002 xlateDestinationAddressIPv4:4 40003 xlateSourcePort 40004 xlateDestinationPort
40005 firewallEvent84 45004 clientIPv4Address:4 45005 serverIPv4Address:4 45006 clientIPv6Address:6
45007 serverIPv6Address:6 45008 clientTransportPort 45009 serverTransportPort 56701 appId:s 56702 userId:s
57552 srcFragments 57553 dstFragments 57554 clientNwDelaySec 57555 clientNwDelayUsec 57556 serverNwDelaySec
57557 serverNwDelayUsec 57558 applLatencySec 57559 applLatencyUsec 57590 l7Proto 57591 l7ProtoName:s
"""

_VENDORS = {
    9: """8232 policyQosClassificationHierarchy:x 9252 waasOptimizationSegment 9265 artClientPackets
9266 artServerPackets 9268 artCountRetransmissions 9272 artCountTransactions 9282 artCountNewConnections
9292 artCountResponses 9303 artResponseTimeSum 9306 artServerResponseTimeSum 9313 artNetworkTimeSum
9357 applicationHttpUriStatistics:x 12232 applicationCategoryName:s 12233 applicationSubCategoryName:s
12234 applicationGroupName:s 12235 applicationHttpUserAgent:x 12236 clientIPv4Address:4 12237 serverIPv4Address:4
12238 clientIPv6Address:6 12239 serverIPv6Address:6 12240 clientTransportPort 12241 serverTransportPort
12242 connectionId 12243 applicationTrafficClass:x 12244 applicationBusinessRelevance:x""",
    637: "91 natInsideSvcid 92 natOutsideSvcid 93 natSubString:s",
    2636: "137 commonPropertiesId",
    3054: "110 ixiaL7AppId 111 ixiaL7AppName:s 178 ixiaEncryptType:s 182 ixiaHttpUserAgent:s 183 ixiaHttpHostName:s "
    "184 ixiaHttpUri:s 189 ixiaDnsQuery:s 192 ixiaThreatType:s",
    5951: "128 netscalerRoundTripTime 129 netscalerTransactionId 130 netscalerHttpReqUrl:s "
    "132 netscalerFlowFlags 133 netscalerConnectionId 140 netscalerHttpReqReferer:s 141 netscalerHttpReqMethod:s "
    "142 netscalerHttpReqHost:s 143 netscalerHttpReqUserAgent:s 144 netscalerHttpRspStatus 152 netscalerAppName:s",
    6871: "14 initialTCPFlags 15 unionTCPFlags 18 payload:x 21 reverseFlowDeltaMilliseconds 33 silkAppLabel "
    "35 payloadEntropy 36 osName:s 37 osVersion:s 40 flowAttributes 179 dnsQName:s 294 sslServerName:s "
    "500 smallPacketCount 501 nonEmptyPacketCount 502 dataByteCount 16398 reverseInitialTCPFlags "
    "16399 reverseUnionTCPFlags 16402 reversePayload:x 16419 reversePayloadEntropy 16424 reverseFlowAttributes",
    6876: "880 tenantProtocol 881 tenantSourceIPv4:4 882 tenantDestIPv4:4 883 tenantSourceIPv6:6 884 tenantDestIPv6:6 "
    "886 tenantSourcePort 887 tenantDestPort 888 egressInterfaceAttr 889 vxlanExportRole 890 ingressInterfaceAttr",
    9789: "1 afcProtocol 2 afcProtocolName:s 4 flowDirection",
    10704: "1 Timestamp 2 LogOp 3 TrafficType 4 FW_Rule:s 5 ServiceName:s 6 Reason 7 ReasonText:s 8 BindIPv4Address:4 "
    "9 BindTransportPort 10 ConnIPv4Address:4 11 ConnTransportPort 12 AuditCounter",
    15397: "1 proceraService:s 2 proceraBaseService:s 18 proceraServerHostname:s 28 proceraSubscriberIdentifier:s",
    21373: "4 mark 6 conntrackId",
    25461: "56701 appId:s 56702 userId:s",
}
# Barracuda uses two enterprise numbers for one list.
_VENDORS[12326] = _VENDORS[10704]


def _entries(pen: int, text: str) -> dict[Key, tuple[str, str]]:
    words = text.split()
    pairs = zip(words[::2], words[1::2], strict=True)
    split = ((int(number), *word.partition(":")) for number, word in pairs)
    return {(pen, number): (name, kind or "u") for number, name, _, kind in split}


#: (enterprise, element) → (name, type).
ELEMENTS: dict[Key, tuple[str, str]] = _entries(0, _IANA)
ELEMENTS |= {
    (REVERSE, number): (f"reverse{name[0].upper()}{name[1:]}", kind)
    for (_, number), (name, kind) in list(ELEMENTS.items())
    if number < 32768
}
for _pen, _text in _VENDORS.items():
    ELEMENTS |= _entries(_pen, _text)
ELEMENTS |= _entries(V9_SCOPE, "1 scopeSystem:x 2 scopeInterface 3 scopeLineCard 4 scopeCache:x 5 scopeTemplate")

#: Column, or value that a column is worked out from → elements that give it, the best first.
ROLES: dict[str, tuple[Key, ...]] = {
    "protocol": ((0, 4), (0, 193)),
    "src_port": ((0, 7), (0, 182), (0, 180), (9, 12240), (0, 45008)),
    "dst_port": ((0, 11), (0, 183), (0, 181), (9, 12241), (0, 45009)),
    "bytes_out": ((0, 231), (0, 1), (0, 85), (0, 23)),
    "packets_out": ((0, 298), (0, 2), (0, 86), (0, 24)),
    "bytes_in": ((0, 232), (REVERSE, 1), (REVERSE, 85)),
    "packets_in": ((0, 299), (REVERSE, 2), (REVERSE, 86)),
    "tcp_bits": ((0, 6),),
    "in_iface": ((0, 10), (0, 252)),
    "out_iface": ((0, 14), (0, 253)),
    "src_nat_port": ((0, 227), (0, 40003)),
    "dst_nat_port": ((0, 228), (0, 40004)),
    "icmp": ((0, 32), (0, 139)),
    "icmp_type": ((0, 176), (0, 178)),
    "icmp_code": ((0, 177), (0, 179)),
    "forwarding": ((0, 89),),
    "firewall_event": ((0, 233), (0, 40005)),
    "ext_event": ((0, 33002), (0, 35001)),
    "nat_event": ((0, 230),),
    "session_id": ((0, 148),),
    "start_uptime": ((0, 22),),
    "end_uptime": ((0, 21),),
    "start_delta": ((0, 158),),
    "end_delta": ((0, 159),),
    "init": ((0, 160),),
    "duration_ms": ((0, 161),),
    "duration_us": ((0, 162),),
    "start": ((0, 156), (0, 154), (0, 152), (0, 150)),
    "end": ((0, 157), (0, 155), (0, 153), (0, 151)),
    "observed": ((0, 325), (0, 324), (0, 323), (0, 322)),
    "app_name": ((0, 96), (0, 56701), (25461, 56701), (0, 57591)),
    "app_id": ((0, 95),),
    "app_label": ((6871, 33),),
    "user_name": ((0, 371), (0, 40000), (0, 56702), (25461, 56702)),
    "rule_name": ((10704, 4), (12326, 4)),
}

#: Columns of which a template may hold several elements at once; the first that is set counts.
ADDRESSES: dict[str, tuple[Key, ...]] = {
    "src_ip": ((0, 8), (0, 27), (9, 12236), (9, 12238), (0, 45004), (0, 45006)),
    "dst_ip": ((0, 12), (0, 28), (9, 12237), (9, 12239), (0, 45005), (0, 45007)),
    "src_nat_ip": ((0, 225), (0, 281), (0, 40001)),
    "dst_nat_ip": ((0, 226), (0, 282), (0, 40002)),
    "exporter": ((0, 130), (0, 131)),
    "acl": ((0, 33000), (0, 33001)),
}

FIREWALL_EVENTS = {1: "flow created", 2: "flow deleted", 3: "flow denied", 4: "flow alert", 5: "flow update"}
FIREWALL_ACTIONS = {1: "allow", 2: "allow", 3: "deny", 5: "allow"}
NAT_EVENTS = {
    1: "nat translation create", 2: "nat translation delete", 3: "nat addresses exhausted", 4: "nat44 session create",
    5: "nat44 session delete", 6: "nat64 session create", 7: "nat64 session delete", 8: "nat44 bib create",
    9: "nat44 bib delete", 10: "nat64 bib create", 11: "nat64 bib delete", 12: "nat ports exhausted",
    13: "quota exceeded", 14: "address binding create", 15: "address binding delete", 16: "port block allocation",
    17: "port block de-allocation", 18: "threshold reached",
}  # fmt: skip
#: What the ASA gives as the cause of a denial; other codes stay numbers.
EXTENDED_EVENTS = {1001: "ingress acl", 1002: "egress acl", 1003: "service of the device itself", 1004: "not a syn"}


def element(key: Key) -> tuple[str, str]:
    """Name and type of an element; an unknown one is named by its numbers and shown as hexadecimal."""
    pen, number = key
    return ELEMENTS.get(key) or (f"{max(pen, 0)}:{number}", "x")
