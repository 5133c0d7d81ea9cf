import type { BusSettings } from './settings.ts'

/** Bytes that a batch may have in addition to its frames, for record keys and Kafka's own headers. */
export const BATCH_OVERHEAD = 65_536

/** Returns the settings of a new topic. */
export const topicConfig = ({ retention, maxPayloadBytes }: Pick<BusSettings, 'retention' | 'maxPayloadBytes'>) => ({
  'cleanup.policy': 'delete',
  'retention.ms': `${Math.round(retention)}`,
  'max.message.bytes': `${maxPayloadBytes + BATCH_OVERHEAD}`,
})
