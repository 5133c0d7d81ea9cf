import { SyncError } from '@sync/core'

/** Kafka refused a call in a way that asking again does not mend: a missing permission, a setting of the topic. */
export class KafkaError extends SyncError {
  static override readonly code = 'SYNC_KAFKA'
  override readonly code = 'SYNC_KAFKA'
}
