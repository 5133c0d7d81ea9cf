import { assembleChange } from '../transport/encode.ts'
import type { CommitRequest, CommitResult, ConflictReason } from '../transport/store.ts'
import { type MemoryDocument, versionsOf } from './document-table.ts'
import { applyEdits, toEdits } from './edits.ts'
import { unmetExpectation } from './expectation.ts'
import type { OpResult } from './op-memory.ts'
import type { StoredSection } from './stored-section.ts'

/** Executes one request in one atomic step. The section's fence must have been passed. */
export function executeCommit(section: StoredSection, request: CommitRequest, now: number): CommitResult {
  const { op, ref } = request
  // Look up the op memory before comparing epochs: a write that was executed in an ancestor epoch must not run again.
  const known = op.isCallerGiven ? section.callerOpMemory.lookUp(ref.key, op, now) : section.opResults.lookUp(op)
  if (known) return { ...known, state: section.state() }
  const state = section.state()
  if (section.opResults.mayBeForgotten(op.idOrigin, state)) return { status: 'op-expired', state }
  if (request.epoch !== state.epoch) return { status: 'stale-epoch', state }
  if (section.contradictsDefinition(request)) return { status: 'definition-mismatch', state }
  const result = checkAndExecute(section, request, now)
  if (op.isCallerGiven) section.callerOpMemory.remember(ref.key, op, result, now)
  else section.opResults.remember(op, result)
  return { ...result, state: section.state() }
}

function checkAndExecute(section: StoredSection, request: CommitRequest, now: number): OpResult {
  const document = section.documents.get(request.ref.key, now)
  const unmet =
    request.expect &&
    unmetExpectation(request.expect, document, section.state(), section.tombstones.get(request.ref.key))
  if (unmet) return conflict(document, unmet.reason, unmet.field)
  if (request.action === 'delete') return remove(section, request, document, now)
  if (!document && !request.allowCreate) return conflict(document, 'absent')
  return write(section, request, document, now)
}

function conflict(document: MemoryDocument | undefined, reason: ConflictReason, field?: string): OpResult {
  const answer = { status: 'conflict', reason, current: Object.freeze(versionsOf(document)) } as const
  return field === undefined ? answer : { ...answer, field }
}

function write(
  section: StoredSection,
  request: CommitRequest,
  document: MemoryDocument | undefined,
  now: number,
): OpResult {
  const edits = toEdits(request, document)
  if (document && edits.length === 0) return { status: 'unchanged', current: Object.freeze(versionsOf(document)) }
  return commit(section, request, document, now, edits)
}

/**
 * Commits a deletion, also of an absent document: it leaves a tombstone that keeps an older row from re-creating the
 * document.
 */
const remove = (
  section: StoredSection,
  request: CommitRequest,
  document: MemoryDocument | undefined,
  now: number,
): OpResult => commit(section, request, document, now, 'removed')

function commit(
  section: StoredSection,
  request: CommitRequest,
  document: MemoryDocument | undefined,
  now: number,
  edits: ReturnType<typeof toEdits> | 'removed',
): OpResult {
  const { ref, origin, ttl, meta } = request
  const sequence = section.sequence + 1
  // Sequences only rise, so no earlier generation of the document has this number.
  const generation = document?.generation ?? sequence
  const version = (document?.version ?? 0) + 1
  const parts = { key: ref.key, epoch: section.epoch, origin, generation, version, sequence, time: now, edits }
  // Frozen, because the log, the op memory and answers share it.
  const change = Object.freeze(assembleChange(meta ? { ...parts, meta } : parts))
  section.undoLog.beginCommit()
  section.append(change, now)
  section.recordDefinition(request)
  if (edits === 'removed') {
    section.documents.remove(ref.key)
    section.tombstones.put(ref.key, sequence, now)
  } else {
    const next = document
      ? section.documents.editableCopy(document)
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
