import type { SyncEvent } from '@sync/core'

/** Returns the number of errors that an event represents. Losses and rejections are errors; gaps, outages and conflicts are not. */
export function countErrors(event: SyncEvent): number {
  switch (event.type) {
    case 'publish-failed':
      return event.changes
    case 'frame-rejected':
    case 'patch-rejected':
    case 'inconsistent':
    case 'definition-mismatch':
    case 'error':
      return 1
    default:
      return 0
  }
}
