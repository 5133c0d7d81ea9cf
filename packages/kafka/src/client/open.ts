import { ArgumentError } from '@sync/core'
import type { KafkaBusOptions } from '../options.ts'
import type { KafkaClient } from './client.ts'
import type { ClientSettings } from './settings.ts'

type ClientName = NonNullable<KafkaBusOptions['client']>

const PACKAGES: Readonly<Record<ClientName, string>> = { kafkajs: 'kafkajs', platformatic: '@platformatic/kafka' }

/**
 * Imports and opens a client.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if its package is not installed
 */
export async function openClient(name: ClientName, settings: ClientSettings): Promise<KafkaClient> {
  try {
    return await importClient(name, settings)
  } catch (cause) {
    if (!isMissingPackage(cause, PACKAGES[name])) throw cause
    throw new ArgumentError(
      `client: the package ${PACKAGES[name]} is not installed; run npm install ${PACKAGES[name]}`,
      { cause },
    )
  }
}

async function importClient(name: ClientName, settings: ClientSettings): Promise<KafkaClient> {
  if (name === 'platformatic') {
    const { PlatformaticClient } = await import('./platformatic.ts')
    return new PlatformaticClient(settings)
  }
  const { KafkajsClient } = await import('./kafkajs.ts')
  return new KafkajsClient(settings)
}

const isMissingPackage = (error: unknown, name: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${name}'`)
