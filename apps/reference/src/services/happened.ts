import type { SyncEvent } from '@sync/core'

/** What happened, in a sentence. */
export function sentence(event: SyncEvent): string {
  switch (event.type) {
    case 'gap':
      return 'a change is missing'
    case 'repaired':
      return `repaired from the ${event.by === 'log' ? "store's log" : 'document in the store'}`
    case 'conflict':
      return `conflict (${event.reason}): the write is built anew`
    case 'store-away':
      return `the store is away (${event.error.message})`
    case 'store-back':
      return 'the store is back'
    case 'bus':
      return `the bus: ${event.status}`
    case 'epoch':
      return `the store began a new epoch${event.lost ? ', history was lost' : ''}`
    case 'inconsistent':
      return `${event.key} was not as in the store: loaded anew`
    default:
      return event.type.replaceAll('-', ' ')
  }
}
