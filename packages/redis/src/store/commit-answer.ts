import { StoreAwayError, type SyncError } from '@sync/core'
import type { CommitRequest, CommitResult, ConflictReason, EncodedChange, Standing } from '@sync/core/adapter'
import { RedisError } from '../errors.ts'
import { headOf } from './change-head.ts'
import { withDefinition } from './sections.ts'

/** Has a relay to be told of the section? */
export const isNews = (after: string | undefined): boolean => after?.startsWith('2') === true

/** The answer to one request; `after`: whether it was published, and where the section stood after it. */
export function commitAnswer(
  request: CommitRequest,
  { epoch, lineage }: Standing,
  after: string,
  answer: string,
): CommitResult {
  const [published, sequence, answers, follow, ...digest] = after.split(' ')
  const counts = { epoch, sequence: Number(sequence), answers: Number(answers), lineage }
  const standing = withDefinition(counts, follow, digest.join(' '))
  const line = answer.indexOf('\n')
  const [kind, ...words] = (line < 0 ? answer : answer.slice(0, line)).split(' ')
  const rest = line < 0 ? '' : answer.slice(line + 1)
  switch (kind) {
    case 'c':
      return committed(request, standing, words, rest, published !== '0')
    case 'u':
      return { status: 'unchanged', current: { generation: Number(words[1]), version: Number(words[2]) }, standing }
    case 'x':
      return conflict(standing, words, rest)
    case 'e':
      return { status: 'epoch', standing }
    case 'd':
      return { status: 'definition', standing }
    case 'f':
      return { status: 'forgotten', standing }
    case 'w':
      return { status: 'failed', error: refused(request, answer), standing }
    default:
      // the others of its group are done, and are told so again when all of it is sent again
      throw new StoreAwayError(`Redis did not commit: ${answer.slice(2)}`, 'unknown', { address: request.ref })
  }
}

function committed(
  { ref }: CommitRequest,
  standing: Standing,
  [, generation, version, sequence, existed, epoch = '']: readonly string[],
  rest: string,
  published: boolean,
): CommitResult {
  const line = rest.indexOf('\n')
  const origin = JSON.parse(rest.slice(0, line)) as string
  const text = rest.slice(line + 1)
  const change: EncodedChange = Object.freeze({
    // the answer may be that of another request, remembered under the same id
    key: text.startsWith(`[${JSON.stringify(ref.key)},`) ? ref.key : headOf(text).key,
    epoch,
    origin,
    sequence: Number(sequence),
    text,
  })
  const result = { status: 'committed', change, generation: Number(generation), version: Number(version) } as const
  return { ...result, existed: existed === '1', standing, ...(published && { published }) }
}

function conflict(standing: Standing, [, generation, version, reason]: readonly string[], field: string): CommitResult {
  const current = { generation: Number(generation), version: Number(version) }
  const answer = { status: 'conflict', reason: reason as ConflictReason, current, standing } as const
  return field === '' ? answer : { ...answer, field: JSON.parse(`"${field}"`) as string }
}

const refused = ({ ref }: CommitRequest, answer: string): SyncError =>
  new RedisError(`Redis refused the commit: ${answer.slice(2)}`, { address: ref })
