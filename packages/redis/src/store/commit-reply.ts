import { StoreUnavailableError, type SyncError } from '@sync/core'
import type { CommitRequest, CommitResult, ConflictReason, EncodedChange, SectionState } from '@sync/core/adapter'
import { RedisError, withRemedy } from '../errors.ts'
import { parseChangeHead } from './change-head.ts'
import { withDefinition } from './section-args.ts'

/** True if the commit added its section to the outbox and the writer must notify the relay. */
export const needsRelayNotice = (after: string | undefined): boolean => after?.startsWith('2') === true

/** Parses the result of one request. `after` has the publish flag and the section state after the request. */
export function parseCommitReply(
  request: CommitRequest,
  { epoch, ancestors }: SectionState,
  after: string,
  result: string,
): CommitResult {
  const [published, sequence, opResultCount, subscribeBy, ...digest] = after.split(' ')
  const counts = { epoch, sequence: Number(sequence), opResultCount: Number(opResultCount), ancestors }
  const state = withDefinition(counts, subscribeBy, digest.join(' '))
  const newline = result.indexOf('\n')
  const [kind, ...words] = (newline < 0 ? result : result.slice(0, newline)).split(' ')
  const rest = newline < 0 ? '' : result.slice(newline + 1)
  switch (kind) {
    case 'c':
      return parseCommitted(request, state, words, rest, published !== '0')
    case 'u':
      return { status: 'unchanged', current: { generation: Number(words[1]), version: Number(words[2]) }, state }
    case 'x':
      return parseConflict(state, words, rest)
    case 'e':
      return { status: 'stale-epoch', state }
    case 'd':
      return { status: 'definition-mismatch', state }
    case 'f':
      return { status: 'op-expired', state }
    case 'w':
      return { status: 'failed', error: rejectedError(request, result), state }
    default:
      // the group's other requests were executed; if the writer sends the group again, they get the same results
      throw new StoreUnavailableError(`Redis failed to execute the commit: ${result.slice(2)}`, 'unknown', {
        address: request.ref,
      })
  }
}

function parseCommitted(
  { ref }: CommitRequest,
  state: SectionState,
  [, generation, version, sequence, existed, epoch = '']: readonly string[],
  rest: string,
  published: boolean,
): CommitResult {
  const newline = rest.indexOf('\n')
  const origin = JSON.parse(rest.slice(0, newline)) as string
  const text = rest.slice(newline + 1)
  const change: EncodedChange = Object.freeze({
    // the result may be that of another request with the same operation id
    key: text.startsWith(`[${JSON.stringify(ref.key)},`) ? ref.key : parseChangeHead(text).key,
    epoch,
    origin,
    sequence: Number(sequence),
    text,
  })
  const committed = { status: 'committed', change, generation: Number(generation), version: Number(version) } as const
  return { ...committed, existed: existed === '1', state, ...(published && { published }) }
}

function parseConflict(
  state: SectionState,
  [, generation, version, reason]: readonly string[],
  field: string,
): CommitResult {
  const current = { generation: Number(generation), version: Number(version) }
  const conflict = { status: 'conflict', reason: reason as ConflictReason, current, state } as const
  return field === '' ? conflict : { ...conflict, field: JSON.parse(`"${field}"`) as string }
}

const rejectedError = ({ ref }: CommitRequest, result: string): SyncError =>
  new RedisError(`Redis rejected the commit: ${withRemedy(result.slice(2))}`, { address: ref })
