import { SyncError } from '@sync/core'

/** A URL cannot be opened, for example because of an unknown scheme, a missing package or an unknown parameter. */
export class ConfigError extends SyncError {
  override readonly code = 'SYNC_CONFIG'
}
