import { joinChange } from '../transport/encode.ts'
import type { CommitRequest, CommitResult, ConflictReason } from '../transport/store.ts'
import type { Answer } from './answers.ts'
import { type MemoryDocument, versionsOf } from './documents.ts'
import { applyEdits, editsOf } from './edits.ts'
import { broken } from './expectation.ts'
import type { Section } from './section.ts'

/** Answers one request to a section whose fence has been passed, in one atomic step. */
export function answerCommit(section: Section, request: CommitRequest, now: number): CommitResult {
  const { op, ref } = request
  // the memory is asked before the epoch: what was done in an ancestor is not to be done again
  const known = op.kept ? section.kept.recall(ref.key, op, now) : section.answers.recall(op)
  if (known) return { ...known, standing: section.standing() }
  const standing = section.standing()
  if (section.answers.outlived(op.born, standing)) return { status: 'forgotten', standing }
  if (request.epoch !== standing.epoch) return { status: 'epoch', standing }
  if (section.contradicts(request)) return { status: 'definition', standing }
  const answer = execute(section, request, now)
  if (op.kept) section.kept.remember(ref.key, op, answer, now)
  else section.answers.remember(op, answer)
  return { ...answer, standing: section.standing() }
}

function execute(section: Section, request: CommitRequest, now: number): Answer {
  const document = section.documents.get(request.ref.key, now)
  const unmet =
    request.expect && broken(request.expect, document, section.standing(), section.tombstones.get(request.ref.key))
  if (unmet) return conflict(document, unmet.reason, unmet.field)
  if (request.action === 'delete') return remove(section, request, document, now)
  if (!document && !request.create) return conflict(document, 'absent')
  return write(section, request, document, now)
}

function conflict(document: MemoryDocument | undefined, reason: ConflictReason, field?: string): Answer {
  const answer = { status: 'conflict', reason, current: Object.freeze(versionsOf(document)) } as const
  return field === undefined ? answer : { ...answer, field }
}

function write(section: Section, request: CommitRequest, document: MemoryDocument | undefined, now: number): Answer {
  const edits = editsOf(request, document)
  if (document && edits.length === 0) return { status: 'unchanged', current: Object.freeze(versionsOf(document)) }
  return commit(section, request, document, now, edits)
}

/** Deleting what is absent is a commit too: it leaves a tombstone, so that an older state cannot come back over it. */
const remove = (section: Section, request: CommitRequest, document: MemoryDocument | undefined, now: number): Answer =>
  commit(section, request, document, now, 'removed')

function commit(
  section: Section,
  request: CommitRequest,
  document: MemoryDocument | undefined,
  now: number,
  edits: ReturnType<typeof editsOf> | 'removed',
): Answer {
  const { ref, origin, ttl, meta } = request
  const sequence = section.sequence + 1
  // sequences only rise, so a life's first one is a generation that no earlier life had
  const generation = document?.generation ?? sequence
  const version = (document?.version ?? 0) + 1
  const pieces = { key: ref.key, epoch: section.epoch, origin, generation, version, sequence, time: now, edits }
  // it stands in the log, in the op memory and in answers: nobody may change it
  const change = Object.freeze(joinChange(meta ? { ...pieces, meta } : pieces))
  section.journal.begin()
  section.record(change, now)
  section.define(request)
  if (edits === 'removed') {
    section.documents.remove(ref.key)
    section.tombstones.put(ref.key, sequence, now)
  } else {
    const next = document
      ? section.documents.editable(document)
      : { generation, version, fields: new Map(), floor: 0, changedAt: now, expiresAt: now }
    applyEdits(next, edits)
    next.version = version
    next.changedAt = now
    next.expiresAt = ttl === undefined ? Number.POSITIVE_INFINITY : now + ttl
    section.documents.put(ref.key, next)
  }
  section.documents.sweep(now)
  return { status: 'committed', change, generation, version, existed: document !== undefined }
}
