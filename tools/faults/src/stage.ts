import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Recovery } from './audit/recovery.ts'
import { Course } from './course.ts'
import { Observer } from './observer.ts'
import type { Options } from './options.ts'
import { startMemory } from './scene/memory.ts'
import { startProcesses } from './scene/processes.ts'
import type { Scene, SceneOptions } from './scene/scene.ts'

/** All that a run needs. */
export interface Stage {
  readonly scene: Scene
  readonly course: Course
  readonly observer: Observer
}

/** What a run is to do, beside its options. */
export interface Plan {
  readonly work: SceneOptions['work']
  readonly print: (line: string) => void
}

/** Sets everything up for as long as it is used. */
export async function onStage<R>(
  options: Options,
  { work, print }: Plan,
  use: (stage: Stage) => Promise<R>,
): Promise<R> {
  const folder = await mkdtemp(join(tmpdir(), 'sync-faults-'))
  const cast = { writers: names('writer', options.writers), replicas: names('replica', options.replicas) }
  const recovery = new Recovery(cast)
  const observer = new Observer(recovery)
  const { rate, seed, loseTail, bus } = options
  try {
    await using scene = await startScene(bus, {
      ...cast,
      rate,
      seed,
      loseTail,
      work,
      ledgerOf: (life) => join(folder, `${life}.jsonl`),
      report: (actor, report) => observer.hear(actor, report),
    })
    return await use({ scene, observer, course: new Course({ scene, recovery, observer, print }) })
  } finally {
    await rm(folder, { recursive: true })
  }
}

const names = (role: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${role}-${n + 1}`)

const startScene = async (bus: Options['bus'], options: SceneOptions): Promise<Scene> =>
  bus === 'memory' ? startMemory(options) : startProcesses(bus, options)
