import type { SyncEvent } from '@sync/core'

/** How much of what happened is an error: something was lost on its way, or refused. Distance and conflicts are none. */
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

/** What happened, in a sentence. */
export function describeEvent(event: SyncEvent): string {
  switch (event.type) {
    case 'gap':
      return 'a change is missing'
    case 'repaired':
      return `repaired from the ${event.by === 'log' ? "store's log" : 'document in the store'}`
    case 'conflict':
      return `conflict (${event.reason}): the write is built anew`
    case 'store-unavailable':
      return `the store is away (${event.error.message})`
    case 'store-available':
      return 'the store is back'
    case 'bus':
      return `the bus: ${event.status}`
    case 'epoch':
      return `the store began a new epoch${event.lost ? ', history was lost' : ''}`
    case 'inconsistent':
      return `${event.key} was not as in the store: loaded anew`
    case 'publish-failed':
      return `changes could not be published (${event.error.message})`
    case 'error':
      return `something went wrong (${event.error instanceof Error ? event.error.message : event.error})`
    default:
      return event.type.replaceAll('-', ' ')
  }
}
