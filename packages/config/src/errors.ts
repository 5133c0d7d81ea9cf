import { SyncError } from '@sync/core'

/** A URL that cannot be opened: unknown scheme, missing package, parameter that it does not know. */
export class ConfigError extends SyncError {
  static override readonly code = 'SYNC_CONFIG'
  override readonly code = 'SYNC_CONFIG'
}
