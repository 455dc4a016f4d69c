-- One row per recognition or repetition of an examination, as each side delivered it: the accepted rows in force tonight, as the contract types them.
select * from {{ source('lake', 'exam_recognitions') }}
