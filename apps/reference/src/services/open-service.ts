import { openAuditor } from './auditor.ts'
import { openIngest } from './ingest.ts'
import { openReplica } from './replica.ts'
import type { OpenService, ServiceSpec } from './service.ts'

const OPENERS: Readonly<Record<ServiceSpec['kind'], OpenService>> = {
  ingest: openIngest,
  replica: openReplica,
  auditor: openAuditor,
}

/** Opens a service of any kind in this process. */
export const openService: OpenService = (spec, report, signal) => OPENERS[spec.kind](spec, report, signal)
