import { type CollectionDefinition, defineCollection } from '@sync/core'

/** An article's price. */
export interface Price {
  /** Price in euro cents. */
  cents: number
}

/** Definition of the shared section. Every service that uses the section imports this one definition. */
export const prices: CollectionDefinition<Price> = defineCollection<Price>({
  section: 'example-price',
  // Redis drops what this example leaves behind; a price that is written again lives for another hour.
  ttl: '1h',
  // Each service keeps the whole section in memory.
  replicate: 'all',
})
