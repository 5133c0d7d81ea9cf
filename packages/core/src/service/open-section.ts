import { SectionCollection } from '../collection/collection.ts'
import type { WriteContext } from '../collection/commit.ts'
import type { Committer } from '../collection/committer.ts'
import type { Conflict } from '../collection/conflict.ts'
import type { Definition } from '../collection/definition.ts'
import { Publisher } from '../collection/publisher.ts'
import { Source } from '../collection/source.ts'
import { Upgrade } from '../collection/upgrade.ts'
import { Writer } from '../collection/writer.ts'
import type { SectionRef } from '../model/address.ts'
import { RefusedError, SyncError } from '../model/errors.ts'
import type { ConflictReport } from '../replica/conflict.ts'
import type { SectionContext } from '../replica/context.ts'
import type { Loader } from '../replica/loader.ts'
import { Section } from '../replica/section.ts'
import type { StoreLink } from '../replica/store-link.ts'

/** A section in use here, with what writes to it. */
export interface OpenSection {
  readonly definition: Definition<unknown>
  readonly section: Section
  readonly writer: Writer
  readonly handle: SectionCollection
  /** The way to the store that has it. */
  readonly link: StoreLink
  readonly loader: Loader
}

/** What all sections of an instance share. */
export interface Shared extends Omit<SectionContext, 'background'>, Pick<WriteContext, 'whenAway'> {
  readonly committer: Committer
  readonly maxWrites: number
  readonly reorderWindow: number
  /** Takes an error of this section that nobody waits for. */
  readonly failed: (error: unknown) => void
}

/** Puts a section together from its parts. */
export function openSection(ref: SectionRef, definition: Definition<unknown>, shared: Shared): OpenSection {
  const { follow, digest, replicate, ttl, sliding, memory, merge, schema, onConflict, source, batch } = definition
  const { origin, link, bus, runtime, counters, committer, whenAway, maxWrites, emit, failed, reorderWindow } = shared
  const background = (_: SectionRef, work: Promise<unknown>): void => void work.catch(failed)
  const section = new Section(
    { ref, follow, digest, replicate, ttl, sliding, memory, reorderWindow },
    { ...shared, background },
  )
  const upgrade = new Upgrade(definition.upgrade)
  const publisher = new Publisher(ref, follow === 'key', {
    bus,
    runtime,
    counters,
    failed: (_, changes, error) => emit({ ...ref, type: 'publish-failed', changes, error }),
  })
  const conflict = (report: ConflictReport): void => {
    emit({ ...ref, type: 'conflict', ...report })
    if (onConflict) ask(onConflict, report)
  }
  const whole = schema !== undefined || definition.upgrade !== undefined
  const writing = {
    origin,
    section,
    link,
    committer,
    publisher,
    runtime,
    counters,
    whenAway,
    ttl,
    merge,
    schema,
    whole,
  }
  const writer = new Writer(
    { ...writing, definition: { follow, digest }, upgrade: (stored) => upgrade.of(stored), conflict },
    // what has to answer for the whole document goes alone: nobody answers for another's write
    { maxWrites, batch, alone: schema !== undefined || onConflict !== undefined },
  )
  const load = source && new Source({ load: source, absentFor: definition.sourceAbsentFor, section, writer, runtime })
  if (replicate === 'all') background(ref, section.ready())
  return {
    definition,
    section,
    writer,
    link,
    loader: shared.loader,
    handle: new SectionCollection({ section, writer, link, runtime, upgrade, source: load, failed }),
  }
}

/** Lets a hook say no to a write. */
function ask(onConflict: (conflict: Conflict<unknown>) => void, report: ConflictReport): void {
  try {
    onConflict(report as Conflict<unknown>)
  } catch (cause) {
    if (cause instanceof SyncError) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RefusedError(`the conflict was refused: ${message}`, [{ message }], { cause })
  }
}
