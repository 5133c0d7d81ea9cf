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

/** Describes an event in one sentence. */
export function describeEvent(event: SyncEvent): string {
  switch (event.type) {
    case 'gap':
      return 'gap: a change is missing'
    case 'repaired':
      return `repaired from the ${event.by === 'log' ? "store's log" : 'document in the store'}`
    case 'conflict':
      return `conflict (${event.reason}): the write is rebuilt`
    case 'store-unavailable':
      return `the store is unavailable (${event.error.message})`
    case 'store-available':
      return 'the store is available again'
    case 'bus':
      return `bus ${event.status}`
    case 'epoch':
      return `the store began a new epoch${event.lost ? '; commits were lost' : ''}`
    case 'inconsistent':
      return `${event.key} differed from the store: reloaded`
    case 'publish-failed':
      return `publish failed (${event.error.message})`
    case 'error':
      return `error (${event.error instanceof Error ? event.error.message : event.error})`
    default:
      return event.type.replaceAll('-', ' ')
  }
}
