ALTER TABLE `cart_lines` ADD `id` text;--> statement-breakpoint
ALTER TABLE `checkouts` ADD `options` text;