ALTER TABLE "cart_lines" ADD COLUMN "id" text;--> statement-breakpoint
ALTER TABLE "checkouts" ADD COLUMN "options" text;