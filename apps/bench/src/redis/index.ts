import type { Bench } from '../figure.ts'
import { bytesOfAChange, bytesPerSharedFrame } from './bytes.ts'
import { load } from './load.ts'
import { remoteApplyDelay, remoteApplyRate } from './propagation.ts'
import { latency, throughput } from './writes.ts'

/** Store and bus on one Redis that the bench starts, against the bare client. */
export const redis: Bench = {
  name: 'redis',
  figures: [
    throughput('ioredis', 1.2),
    throughput('redis', 1),
    latency,
    load,
    remoteApplyRate,
    remoteApplyDelay,
    bytesOfAChange,
    bytesPerSharedFrame,
  ],
}
