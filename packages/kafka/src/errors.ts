import { SyncError } from '@sync/core'

/** Kafka rejected a call in a way that a retry does not fix, such as a missing permission or a topic's setting. */
export class KafkaError extends SyncError {
  override readonly code = 'SYNC_KAFKA'
}
