import { isSyncError, type SyncEvent } from '@sync/core'

/**
 * Describes an event in one sentence. The text contains no document values. `showForeign`: whether it contains the messages
 * of errors from other code, such as a listener's, which can contain personal data.
 */
export function describeEvent(event: SyncEvent, showForeign: boolean): string {
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
      return `error (${describeError(event.error, showForeign)})`
    default:
      return event.type.replaceAll('-', ' ')
  }
}

function describeError(error: unknown, showForeign: boolean): string {
  if (isSyncError(error) || (showForeign && error instanceof Error)) return error.message
  if (error instanceof Error) return error.name
  return showForeign ? String(error) : typeof error
}
