import { StoreUnavailableError, type SyncError } from '@sync/core'
import type { CommitRequest, CommitResult, ConflictReason, EncodedChange, SectionState } from '@sync/core/adapter'
import { RedisError } from '../errors.ts'
import { parseChangeHead } from './change-head.ts'
import { withDefinition } from './section-args.ts'

/** Has a relay to be told of the section? */
export const needsRelayNotice = (after: string | undefined): boolean => after?.startsWith('2') === true

/** The answer to one request; `after`: whether it was published, and where the section stood after it. */
export function parseCommitReply(
  request: CommitRequest,
  { epoch, ancestors }: SectionState,
  after: string,
  answer: string,
): CommitResult {
  const [published, sequence, opResultCount, subscribeBy, ...digest] = after.split(' ')
  const counts = { epoch, sequence: Number(sequence), opResultCount: Number(opResultCount), ancestors }
  const state = withDefinition(counts, subscribeBy, digest.join(' '))
  const newline = answer.indexOf('\n')
  const [kind, ...words] = (newline < 0 ? answer : answer.slice(0, newline)).split(' ')
  const rest = newline < 0 ? '' : answer.slice(newline + 1)
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
      return { status: 'failed', error: rejectedError(request, answer), state }
    default:
      // the others of its group are done, and are told so again when all of it is sent again
      throw new StoreUnavailableError(`Redis did not commit: ${answer.slice(2)}`, 'unknown', { address: request.ref })
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
    // the answer may be that of another request, remembered under the same id
    key: text.startsWith(`[${JSON.stringify(ref.key)},`) ? ref.key : parseChangeHead(text).key,
    epoch,
    origin,
    sequence: Number(sequence),
    text,
  })
  const result = { status: 'committed', change, generation: Number(generation), version: Number(version) } as const
  return { ...result, existed: existed === '1', state, ...(published && { published }) }
}

function parseConflict(
  state: SectionState,
  [, generation, version, reason]: readonly string[],
  field: string,
): CommitResult {
  const current = { generation: Number(generation), version: Number(version) }
  const answer = { status: 'conflict', reason: reason as ConflictReason, current, state: state } as const
  return field === '' ? answer : { ...answer, field: JSON.parse(`"${field}"`) as string }
}

const rejectedError = ({ ref }: CommitRequest, answer: string): SyncError =>
  new RedisError(`Redis refused the commit: ${answer.slice(2)}`, { address: ref })
