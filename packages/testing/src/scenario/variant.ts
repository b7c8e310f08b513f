/** How every messaging object of a run is made: as the test asks, or with a no-op middleware in front (X4). */
export type Variant = 'plain' | 'middleware'
