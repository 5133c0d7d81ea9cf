import { openAuditor } from './auditor.ts'
import { openIngest } from './ingest.ts'
import { openReplica } from './replica.ts'
import type { OpenService, ServiceSpec } from './service.ts'

const KINDS: Readonly<Record<ServiceSpec['kind'], OpenService>> = {
  ingest: openIngest,
  replica: openReplica,
  auditor: openAuditor,
}

/** Opens a service of any kind in this process. */
export const openService: OpenService = (spec, tell, signal) => KINDS[spec.kind](spec, tell, signal)
