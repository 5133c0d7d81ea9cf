import { type Definition, defineCollection, type SectionRef } from '@sync/core'
import type { Document } from 'feed'

/** Where the outages live. */
export const place: SectionRef = { partition: 'pge', section: 'outage' }

/** The outages, held whole by every instance. */
export const outages: Definition<Document> = defineCollection<Document>({
  section: place.section,
  ttl: 'never',
  replicate: 'all',
})
