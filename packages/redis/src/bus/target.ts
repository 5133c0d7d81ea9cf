import { ArgumentError } from '@sync/core'
import { checkTarget } from '../connection/open.ts'
import { urlOptions } from '../connection/url-options.ts'
import type { RedisBusOptions, RedisTarget } from '../options.ts'
import { type Homes, homesOf } from '../pool/targets.ts'
import { pubsub } from './pubsub.ts'
import { type BusSettings, resolveBusOptions } from './settings.ts'
import { streams } from './streams.ts'

const KINDS = { pubsub, streams } as const

const PARAMETERS = {
  client: ['ioredis', 'redis'],
  cluster: ['true', 'false'],
  bus: ['pubsub', 'streams'],
  timeout: 'duration',
  maxPayloadBytes: 'number',
  maxFrames: 'number',
  partitions: 'targets',
} as const

/** What a target and options mean. */
export interface Target {
  readonly kind: typeof pubsub | typeof streams
  readonly settings: BusSettings
  readonly homes: Homes
}

/** Reads a target; nothing is opened. @throws ArgumentError (`SYNC_ARGUMENT`) naming what is wrong */
export function readTarget(target: RedisTarget, options: RedisBusOptions): Target {
  const url = checkTarget(target)
  const chosen = url ? { ...urlOptions<RedisBusOptions>(url, PARAMETERS), ...options } : options
  const settings = resolveBusOptions(chosen)
  const kind = KINDS[chosen.bus ?? 'pubsub']
  if (!kind) throw new ArgumentError(`bus: one of ${Object.keys(KINDS).join(', ')} is needed`)
  const homes = homesOf({ target, url }, chosen)
  return { kind, settings, homes }
}
