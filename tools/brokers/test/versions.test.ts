import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { IMAGES, VERSIONS } from '../src/versions.ts'

const root = join(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

describe('tested versions', () => {
  it.each(Object.entries(IMAGES))('are those of the image of %s, also in compose.yaml', (name, image) => {
    expect(image).toContain(`:${VERSIONS[name as keyof typeof IMAGES]}`)
    expect(read('compose.yaml')).toMatch(new RegExp(`^ {4}image: ${image}$`, 'm'))
  })

  it.each([
    ['packages/redis/README.md', [`Redis ${VERSIONS.redis}`, `Valkey ${VERSIONS.valkey}`]],
    ['packages/nats/README.md', [VERSIONS.nats, VERSIONS['nats-oldest']]],
    ['packages/kafka/README.md', [`Kafka ${VERSIONS.kafka}`, VERSIONS['kafka-oldest']]],
    ['tools/brokers/README.md', Object.values(VERSIONS)],
  ])('are those that %s names', (file, versions) => {
    const text = read(file)
    for (const version of versions) expect(text).toContain(version)
  })

  it('are compared with every image of compose.yaml', () => {
    const images = [...read('compose.yaml').matchAll(/^ {4}image: (\S+)$/gm)].map(([, image]) => image)
    expect(images.sort()).toEqual(Object.values(IMAGES).sort())
  })

  it('run without eviction and with an append-only file in compose.yaml', () => {
    for (const server of ['redis-server', 'valkey-server'])
      expect(read('compose.yaml')).toContain(`command: ${server} --appendonly yes --maxmemory-policy noeviction`)
  })
})
