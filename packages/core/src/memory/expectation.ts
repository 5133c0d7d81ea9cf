import type { ConflictReason, Expectation } from '../transport/store.ts'
import { includesPosition, type SectionState } from '../versioning/section-state.ts'
import { fieldVersion, type MemoryDocument } from './document-table.ts'

/** Returns the first unmet part of an expectation, from generation to single fields; `undefined` if it holds. */
export function unmetExpectation(
  expect: Expectation,
  document: MemoryDocument | undefined,
  state: Pick<SectionState, 'epoch' | 'ancestors'>,
  deletedAt: number,
): { readonly reason: ConflictReason; readonly field?: string } | undefined {
  const { generation, version, fields, readAt } = expect
  if (generation === undefined && version === undefined && fields === undefined) return undefined
  // The expectation was read in another history, so equal numbers prove nothing.
  if (!includesPosition(state, readAt)) return { reason: 'generation' }
  if (generation === 0 && document) return { reason: 'exists' }
  if (expect.notDeleted && deletedAt > readAt.sequence) return { reason: 'deleted' }
  if (generation && !document) return { reason: 'absent' }
  if (generation && generation !== document?.generation) return { reason: 'generation' }
  if (version !== undefined && version !== (document?.version ?? 0)) return { reason: document ? 'version' : 'absent' }
  for (const [field, expected] of Object.entries(fields ?? {})) {
    if (expected !== fieldVersion(document, field)) return document ? { reason: 'field', field } : { reason: 'absent' }
  }
  return undefined
}
