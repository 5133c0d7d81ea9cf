import { ArgumentError } from '@sync/core'
import { describeImportFailure } from '@sync/core/adapter'
import type { KafkaBusOptions } from '../options.ts'
import type { KafkaClient } from './client.ts'
import type { KafkaInspector } from './inspector.ts'
import { KafkajsClient } from './kafkajs.ts'
import { PlatformaticClient } from './platformatic.ts'
import type { ClientSettings } from './settings.ts'

type ClientName = NonNullable<KafkaBusOptions['client']>

/**
 * Imports and opens a client.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if its package is not installed, or cannot be loaded
 */
export async function openClient(name: ClientName, settings: ClientSettings): Promise<KafkaClient & KafkaInspector> {
  return name === 'platformatic'
    ? new PlatformaticClient(settings, await importPlatformatic())
    : new KafkajsClient(settings, await importKafkajs())
}

// Each import has a `try` around itself: bundlers then accept that one of the two packages is missing.

async function importKafkajs(): Promise<typeof import('kafkajs')> {
  try {
    return await import('kafkajs')
  } catch (cause) {
    throw new ArgumentError(`client: ${describeImportFailure('kafkajs', cause)}`, { cause })
  }
}

async function importPlatformatic(): Promise<typeof import('@platformatic/kafka')> {
  try {
    return await import('@platformatic/kafka')
  } catch (cause) {
    throw new ArgumentError(`client: ${describeImportFailure('@platformatic/kafka', cause)}`, { cause })
  }
}
